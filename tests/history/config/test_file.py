"""funnel.toml: defaults, one list of all faults, and a JSON form that loses nothing."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.base.errors import InvalidInput
from history.config.config import FunnelConfig, from_dict, to_dict
from history.config.file import load_config

WHOLE = """
[funnel]
name = "Acme"
currency = "EUR"
timezone = "Europe/Berlin"
horizon_days = 60
stages = ["new", "qualified", "proposal"]
[funnel.groups]
top = ["new"]
bottom = ["proposal"]
[columns.leads]
lead_id = "Id"
revenue = "AnnualRevenue"
[values.outcomes]
won = ["Signed"]
[formats]
datetime = "%d/%m/%Y %H:%M"
[formats.outcomes]
decimal = ","
[attributes]
ignore = ["note"]
mutable = ["status"]
sensitive = ["age"]
[attributes.types]
plan = "category"
[targets]
win_rate = 0.25
[targets.stage_conversion]
qualified = 0.4
[grades]
A = 0.25
B = 0.25
C = 0.25
D = 0.25
"""


def load(folder: Path, text: str) -> FunnelConfig:
    (folder / "funnel.toml").write_text(text, encoding="utf-8")
    return load_config(folder)


def test_without_a_file_everything_is_default_and_said_to_be(tmp_path: Path) -> None:
    config = load_config(tmp_path)
    assert (config.horizon_days, config.timezone, config.stages) == (90, "UTC", ())
    assert {"horizon_days", "timezone", "stages", "currency", "grades"} <= set(config.inferred)


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    config = load(tmp_path, WHOLE)
    assert config.stages == ("new", "qualified", "proposal")
    assert config.groups == {"top": ("new",), "bottom": ("proposal",)}
    assert config.columns == {"leads": {"lead_id": "Id", "revenue": "AnnualRevenue"}}
    assert config.outcome_words == {"won": ("Signed",)}
    assert config.targets == {"win_rate": 0.25, "stage_conversion": {"qualified": 0.4}}
    assert config.zone.key == "Europe/Berlin"
    assert config.horizon_us == 60 * 86_400_000_000
    assert config.inferred == ()


def test_the_json_form_of_a_whole_file_reads_back_equal(tmp_path: Path) -> None:
    config = load(tmp_path, WHOLE)
    assert from_dict(json.loads(json.dumps(to_dict(config)))) == config


FAULTS = {
    'horizon_day = 30\n[funnel]\nname = ""': [
        "horizon_day is not a known key",
        "name must be a non-empty text",
    ],
    '[values.outcomes]\nwin = ["x"]': ["values.outcomes.win is not a known key"],
    '[values.outcomes]\nwon = ["X"]\nlost = ["x "]': ["values.outcomes gives x more than one meaning"],
    "[funnel]\nhorizon_day = 30": ["did you mean horizon_days"],
    "[funnel]\nhorizon_days = 0": ["horizon_days must be a whole number"],
    "[funnel]\nhorizon_days = true": ["horizon_days must be a whole number"],
    '[funnel]\ntimezone = "Mars/Base"': ["timezone must be an IANA name"],
    '[funnel]\ntimezone = "../etc"': ["timezone must be an IANA name"],
    '[funnel]\nstages = ["a", "a"]': ["stages names a more than once"],
    '[funnel]\nstages = "a"': ["stages must be a list"],
    '[funnel]\nstages = ["a"]\n[funnel.groups]\ntop = ["b"]': [
        "names b, missing from funnel.stages: add it there or remove it here"
    ],
    '[funnel]\nstages = ["a"]\n[funnel.groups]\ntop = ["a"]\nmiddle = ["a"]': ["more than one group"],
    '[funnel.groups]\ntop = ["a"]': ["needs funnel.stages"],
    '[columns.lead]\nlead_id = "Id"': ["columns.lead is not a known key; did you mean leads"],
    '[columns.stages]\nname = "Stage"': ["columns.stages.name is not a known key"],
    "[columns.leads]\nlead_id = 3": ["lead_id must be a non-empty text"],
    '[formats]\ndate = "%d"': ["formats.date is not a known key; did you mean datetime"],
    '[formats]\ndecimal = ";"': ['formats.decimal must be "." or ","'],
    '[formats]\ndatetime = "dd/mm/yyyy"': [
        "formats.datetime must be a format",
        "it needs year, month and day",
    ],
    '[formats.leads]\ndatetime = "%d/%m/%Y %Q"': ["formats.leads.datetime must be a format", "%Q is unknown"],
    '[formats]\ndatetime = "%d/%m/%Y %d"': ["it names a part of the time twice"],
    "[formats]\ndatetime = 5": ["it is no text"],
    "[formats]\nleads = 5": ["[formats.leads] must be a table"],
    '[attributes]\nignore = ["lead_id"]': ["which every lead needs"],
    '[attributes]\nignore = ["x"]\nsensitive = ["x"]': ["which attributes.ignore leaves out"],
    '[attributes.types]\nplan = "text"': ["must be one of number, date, boolean, category"],
    "[targets]\nwin_rate = 2": ["targets.win_rate must be a number from 0 to 1"],
    "[targets]\nrevenue_per_month = nan": ["targets.revenue_per_month must be a number"],
    "[targets]\nrevenue_per_month = 1" + "0" * 400: ["targets.revenue_per_month must be a number"],
    "[grades]\nA = 0.5": ["missing: B, C, D"],
    "[grades]\nA = 0.5\nB = 0.5\nC = 0.5\nD = 0.5": ["add up to 1, got 2"],
    "[funnel\n": ["cannot be read"],
}


@pytest.mark.parametrize("text", FAULTS)
def test_each_fault_is_named(text: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        load(tmp_path, text)
    for expected in FAULTS[text]:
        assert any(expected in problem for problem in caught.value.problems), caught.value.problems


@pytest.mark.parametrize("text", ["x = " + "[" * 20_000, "[funnel]\nhorizon_days = " + "9" * 5_000])
def test_what_the_parser_itself_fails_on_is_a_fault(text: str, tmp_path: Path) -> None:
    (tmp_path / "funnel.toml").write_text(text)
    with pytest.raises(InvalidInput, match=r"funnel\.toml cannot be read: "):
        load_config(tmp_path)


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        load(tmp_path, '[funnel]\nhorizon_days = -1\ntimezone = "X"\n[attributes]\nignored = []\n[colums]\n')
    assert len(caught.value.problems) == 4


scalars = st.one_of(
    st.integers(), st.floats(), st.booleans(), st.text(max_size=5), st.lists(st.text(max_size=3), max_size=2)
)


def toml_of(value: object) -> str:
    return str(value).lower() if isinstance(value, (bool, float)) else json.dumps(value)


@given(
    key=st.sampled_from(["name", "currency", "timezone", "horizon_days", "stages", "groups"]), value=scalars
)
def test_any_document_gives_a_config_or_a_list_of_faults(
    key: str, value: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("config")
    with contextlib.suppress(InvalidInput):
        assert isinstance(load(folder, f"[funnel]\n{key} = {toml_of(value)}\n"), FunnelConfig)
