"""Keys of lead ids: equal for every form of one id, and joined by merges."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.folder.parts.lead_keys import NO_KEY, Joins, in_sample, lead_keys, part_numbers
from history.folder.values.id_forms import IdForms, long_id

SHORT = "0012w00000AbCdE"
FORMS = [
    ("42", " 42 ", "42.0", "0042", "042.000", "\t42\n"),
    ("Lead-7", "LEAD-7", "lead-7  "),
    (SHORT, long_id(SHORT), SHORT.lower()),
    ("123456789012345", "123456789012345AAA"),
    ("123456789012345678", "123456789012345678.0", "00123456789012345678"),
    ("Straße", "STRASSE", "strasse\u00a0"),
]


def key(text: str | None) -> int:
    return int(lead_keys(pa.array([text], pa.string()))[0])


@pytest.mark.parametrize("forms", FORMS)
def test_forms_of_one_id_have_one_key(forms: tuple[str, ...]) -> None:
    assert len({key(text) for text in forms}) == 1


def test_other_ids_have_other_keys() -> None:
    keys = [key(forms[0]) for forms in FORMS]
    assert len(set(keys)) == len(keys)
    assert key("") == key("  ") == key(None) == NO_KEY


def test_typed_ids_have_the_keys_of_their_texts() -> None:
    numbers = lead_keys(pa.array([42, None, 7]))
    assert numbers.tolist() == lead_keys(pa.array(["42", None, "7"])).tolist()
    encoded = pa.array(["42", "7", "42"]).dictionary_encode()
    assert lead_keys(encoded).tolist() == [key("42"), key("7"), key("42")]


IDS = st.lists(
    st.one_of(
        st.from_regex(r"[0-9]{1,4}(\.0{1,2})?", fullmatch=True),
        st.from_regex(r" ?[aAbB0]{1,3} ?", fullmatch=True),
        st.sampled_from([SHORT, long_id(SHORT), "123456789012345", "123456789012345AAA"]),
        st.text(max_size=4),
    ),
    min_size=1,
    max_size=12,
    unique=True,
)


@given(IDS, IDS)
def test_an_id_has_the_key_of_the_lead_that_it_means(leads: list[str], others: list[str]) -> None:
    forms = IdForms({text: code for code, text in enumerate(leads)})
    for text in others:
        code = forms.code(text)
        assert code < 0 or key(text) == key(leads[code])
        alone = IdForms({lead: 0 for lead in leads if key(lead) == key(text)})
        assert forms.differs_by_case(text) == alone.differs_by_case(text)
        assert forms.differs_by_zeros(text) == alone.differs_by_zeros(text)


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), max_size=12))
def test_merged_leads_have_the_key_of_one_of_them(merges: list[tuple[int, int]]) -> None:
    pairs = np.array(merges, dtype=np.int64).reshape(-1, 2)
    keys = np.arange(-12, 12)
    joined = dict(zip(keys.tolist(), Joins([(pairs[:, 0], pairs[:, 1])]).of(keys).tolist(), strict=True))
    group = {lead: {lead} for lead in keys.tolist()}
    for one, other in merges:
        both = group[one] | group[other]
        group.update(dict.fromkeys(both, both))
    for lead, mates in group.items():
        assert joined[lead] in mates
        assert {joined[mate] for mate in mates} == {joined[lead]}


def test_no_merges_change_nothing() -> None:
    keys = np.array([3, -5, 0])
    assert Joins([]).of(keys) is keys


def test_keys_fall_into_all_parts() -> None:
    keys = lead_keys(pa.array([f"L{i:07}" for i in range(4_000)]))
    counts = np.bincount(part_numbers(keys, 7), minlength=7)
    assert counts.min() > 450
    assert counts.max() < 700


@pytest.mark.parametrize("n_parts", [1, 2, 16])
def test_samples_nest_and_take_their_share_of_every_part(n_parts: int) -> None:
    """Of parts of 1,250 leads or more, a fourth is within five standard deviations of chance."""
    keys = lead_keys(pa.array([f"L{i:07}" for i in range(20_000)]))
    samples = [in_sample(keys, one_in) for one_in in (1, 2, 3, 4, 8)]
    assert samples[0].all()
    for larger, smaller in pairwise(samples):
        assert not (smaller & ~larger).any()
    part = part_numbers(keys, n_parts)
    share = np.bincount(part, weights=samples[3]) / np.bincount(part)
    assert np.abs(share - 0.25).max() < 5 * np.sqrt(0.25 * 0.75 / np.bincount(part).min())
