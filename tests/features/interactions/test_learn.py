"""Learning interactions: kinds and channels with columns of their own."""

from features.interactions.learn import LEAST_ROWS
from features.matrix import build_matrix
from features.vocabulary import learn
from tests.builders.leads.lead_histories import START_US, Lead, Touch
from tests.builders.learned_words import rows_of


def test_kinds_need_enough_rows_and_the_rest_is_pooled() -> None:
    touches = [Touch(START_US, START_US, "call")] * LEAST_ROWS + [Touch(START_US, START_US, "fax")]
    interactions = learn(rows_of([Lead(START_US, {}, touches)]))[0].interactions
    assert (interactions.kinds, interactions.pools_kinds) == (("call",), True)
    assert not interactions.directions
    assert not interactions.values


def test_a_channel_that_only_echoes_a_kind_is_not_counted_twice() -> None:
    def rows(kind: str, channel: str) -> list[Touch]:
        return [Touch(START_US, START_US, kind, channel)] * LEAST_ROWS

    touches = rows("call", "phone") + rows("mail", "web") + rows("form", "web") + rows("chat", "site")
    snapshot = rows_of([Lead(START_US, {}, [*touches, *rows("chat", "web")])])
    vocabulary, _ = learn(snapshot)
    assert vocabulary.interactions.echoes == ("phone",)
    matrix = build_matrix(snapshot, vocabulary)
    row = dict(zip([f.name for f in matrix.features], matrix.values[0].tolist(), strict=True))
    assert "channel_phone_count" not in row
    counts = [row[f"{name}_count"] for name in ("kind_call", "channel_web", "channel_site", "interactions")]
    assert counts == [LEAST_ROWS, 3 * LEAST_ROWS, LEAST_ROWS, 5 * LEAST_ROWS]
    assert row["last_channel"] == 2 + vocabulary.interactions.channels.index("web")
