"""`import leadcast` gives what the commands give, to the last bit, and fails as they fail."""

import inspect
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import leadcast
from cli.main import leadcast as command_line
from funnel.forecast.report.table import COLUMNS as FORECAST_COLUMNS
from models.scores.scores import COLUMNS as SCORE_COLUMNS
from training.capacity import TRIALS

AS_OF = "2026-06-01"


def command(*arguments: object) -> dict[str, Any]:
    texts = [str(argument) for argument in arguments]
    done = CliRunner().invoke(command_line, [*texts, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return dict(json.loads(done.stdout))


def json_ready(value: Any) -> Any:
    """As the command prints it: NaN is null."""
    return json.loads(json.dumps(value, default=lambda array: array.tolist()).replace("NaN", "null"))


@pytest.mark.parametrize("as_of", [None, AS_OF, "2026-02-01T12:00:00+02:00"])
def test_score_equals_the_score_file(
    champion_home: Path, crm: Path, tmp_path: Path, as_of: str | None
) -> None:
    options = ("--as-of", as_of) if as_of else ()
    output = command("score", crm, "--output", tmp_path / "scores.parquet", "--reasons", "all", *options)
    file = pq.read_table(tmp_path / "scores.parquet").to_pandas()
    frame = leadcast.score(leadcast.load_model(), leadcast.read_folder(crm), as_of, reasons="all")
    assert tuple(frame.columns) == tuple(file.columns) == SCORE_COLUMNS
    assert isinstance(frame["as_of"].dtype, pandas.DatetimeTZDtype)
    for name in ("as_of", "expected_close_date"):
        expected = pandas.to_datetime(file.pop(name), format="ISO8601").dt.as_unit("us")
        pandas.testing.assert_series_equal(frame.pop(name), expected)
    assert frame.pop("reasons").tolist() == [json.loads(text) for text in file.pop("reasons")]
    pandas.testing.assert_frame_equal(frame, file, check_exact=True)
    assert json_ready(frame.attrs["warnings"]) == output["warnings"]


@pytest.mark.parametrize("by", [None, "source"])
def test_forecast_equals_the_forecast_file(
    champion_home: Path, crm: Path, tmp_path: Path, by: str | None
) -> None:
    options = ("--by", by) if by else ()
    output = command("forecast", crm, "--as-of", AS_OF, "--output", tmp_path / "f.parquet", *options)
    file = pq.read_table(tmp_path / "f.parquet").to_pandas()
    frame = leadcast.forecast(leadcast.load_model(), leadcast.read_folder(crm), AS_OF, by=by)
    assert list(frame.columns) == [name for name in FORECAST_COLUMNS if by or name != "group"]
    for name in ("period_start", "period_end"):
        assert frame[name].dt.strftime("%Y-%m-%d").tolist() == file.pop(name).tolist()
        frame = frame.drop(columns=name)
    pandas.testing.assert_frame_equal(frame, file, check_exact=True)
    assert frame.attrs["warnings"] == output["warnings"]


@pytest.mark.parametrize("as_of", [None, AS_OF])
def test_funnel_equals_the_commands_json(champion_home: Path, crm: Path, as_of: str | None) -> None:
    options = ("--as-of", as_of) if as_of else ()
    output = command("funnel", crm, "--by", "source", *options)
    assert json_ready(leadcast.funnel(leadcast.read_folder(crm), as_of, by="source")) == output


@pytest.mark.long
def test_train_equals_the_command(home: Path, crm: Path, tmp_path: Path) -> None:
    texts: list[str] = []
    output = command("train", crm, "--as-of", AS_OF, "--trials", 0)
    result = leadcast.train(
        leadcast.read_folder(crm),
        AS_OF,
        home=tmp_path / "other",
        trials=0,
        progress=lambda text, share: texts.append(text),
    )
    record = json_ready(result.to_dict())
    assert record.pop("run_id") != output.pop("run_id")
    assert record == output
    assert "fitting" in texts
    model = leadcast.load_model(result.model_version, home=tmp_path / "other")
    history = leadcast.read_folder(crm)
    pandas.testing.assert_frame_equal(
        leadcast.score(model, history, AS_OF), leadcast.score(leadcast.load_model("1"), history, AS_OF)
    )


def test_backtest_equals_the_command(home: Path, crm: Path) -> None:
    output = command("backtest", crm, "--at", "2026-03-01", "--trials", 0, "--by", "country")
    output.pop("run_id")
    result = leadcast.backtest(leadcast.read_folder(crm), ["2026-03-01"], by=["country"], trials=0)
    assert json_ready(vars(result)) == output


def test_number_of_trials_is_the_commands() -> None:
    """It stands twice, so that `import leadcast` need not load training."""
    for function in (leadcast.train, leadcast.backtest):
        assert inspect.signature(function).parameters["trials"].default == TRIALS


@pytest.mark.parametrize(
    "as_of",
    [date(2026, 6, 1), datetime(2026, 6, 1, tzinfo=UTC), pandas.Timestamp("2026-06-01"), "2026-06-01T00:00Z"],
    ids=lambda as_of: type(as_of).__name__,
)
def test_instant_of_any_kind_is_the_same(champion_home: Path, crm: Path, as_of: str | date) -> None:
    model, history = leadcast.load_model(), leadcast.read_folder(crm)
    frame = leadcast.score(model, history, as_of)
    pandas.testing.assert_frame_equal(frame, leadcast.score(model, history, AS_OF))


def test_frame_without_leads_has_its_columns(champion_home: Path, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("lead_id,created_at\na,2026-05-01\n")
    (tmp_path / "outcomes.csv").write_text("lead_id,outcome,closed_at\na,lost,2026-05-03\n")
    frame = leadcast.score(leadcast.load_model(), leadcast.read_folder(tmp_path))
    assert (len(frame), tuple(frame.columns)) == (0, SCORE_COLUMNS)
    assert isinstance(frame["as_of"].dtype, pandas.DatetimeTZDtype)


def test_every_problem_of_a_folder_is_listed(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("id\n1\n")
    (tmp_path / "stages.csv").write_text("lead_id\n1\n")
    with pytest.raises(leadcast.InvalidInput) as error:
        leadcast.read_folder(tmp_path)
    assert len(error.value.problems) == 4


def test_folder_with_too_many_rejected_rows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("lead_id,created_at\na,2026-01-01\nb,soon\n")
    with pytest.raises(leadcast.InvalidInput, match=r"row 3: created_at 'soon'.*accept_rejected=True"):
        leadcast.read_folder(tmp_path)
    assert len(leadcast.read_folder(tmp_path, accept_rejected=True)) == 1


def test_folder_without_a_usable_lead_is_refused(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("lead_id,created_at\na,never\n")
    with pytest.raises(leadcast.InvalidInput, match="every row is set aside"):
        leadcast.read_folder(tmp_path)


@pytest.mark.parametrize("as_of", ["yesterday", "1815-06-18", pandas.NaT])
def test_instant_that_is_no_time_is_refused(champion_home: Path, crm: Path, as_of: Any) -> None:
    with pytest.raises(leadcast.InvalidInput):
        leadcast.funnel(leadcast.read_folder(crm), as_of)


def test_damaged_model_is_refused_with_its_problem(champion_home: Path) -> None:
    (champion_home / "bundles" / "1" / "model.json").write_text("{}")
    with pytest.raises(leadcast.DamagedArtifact) as error:
        leadcast.load_model()
    assert error.value.problems == (str(error.value),)
