"""The truth of a simulated world: calibrated, exact, read from visible rows alone, above every simple feature."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from history.text.times import DAY_US
from simulation.leads import lead_batch
from simulation.process import PER_STAGE, RECENCIES
from simulation.simulate import DEFAULT_END, _run, simulate
from simulation.world import HORIZON_DAYS, STAGE_NAMES, build_world, day_number

SEEDS = (11, 12, 13)
HORIZON = pd.Timedelta(days=HORIZON_DAYS)
CUT_US = (day_number(DEFAULT_END) + 1) * DAY_US


def read(folder: Path, table: str, *times: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{table}.csv", parse_dates=list(times))


def matured(folder: Path) -> pd.DataFrame:
    """The truth of every month whose horizon is over, with what happened: won (before any loss) and the amount."""
    truth = read(folder, "truth/leads", "as_of")
    truth = truth[truth["as_of"] + HORIZON <= pd.Timestamp("2026-07-01", tz="UTC")]
    outcomes = read(folder, "outcomes", "closed_at").query("outcome != 'open'").sort_values("closed_at")
    later = truth[["lead_id", "as_of"]].merge(outcomes, on="lead_id")
    later = later[(later["closed_at"] > later["as_of"]) & (later["closed_at"] <= later["as_of"] + HORIZON)]
    first = later.groupby(["lead_id", "as_of"], as_index=False).first()
    merged = truth.merge(
        first[["lead_id", "as_of", "outcome", "amount"]], on=["lead_id", "as_of"], how="left"
    )
    return merged.assign(won=(merged["outcome"] == "won").astype(int))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    made = {seed: tmp_path_factory.mktemp("world") / str(seed) for seed in SEEDS}
    for seed, out in made.items():
        simulate(out, leads=6000, seed=seed)
    return made


@pytest.fixture(scope="module")
def happened(folders: dict[int, Path]) -> pd.DataFrame:
    return pd.concat(
        [matured(folder).assign(seed=seed) for seed, folder in folders.items()], ignore_index=True
    )


def test_sums_and_deciles_of_the_truth_are_what_happens(happened: pd.DataFrame) -> None:
    """A lead counts in several months, so its residuals are added up first: the scores are of sums over leads."""
    decile = pd.qcut(happened["probability"], 10, labels=False)
    residual = happened["won"] - happened["probability"]
    lead = happened["seed"].astype(str) + happened["lead_id"]
    for part in [residual, *(residual[decile == d] for d in range(10))]:
        by_lead = part.groupby(lead).sum()
        assert abs(by_lead.sum()) < 4.0 * np.sqrt((by_lead**2).sum())
    assert happened["won"].sum() / happened["probability"].sum() == pytest.approx(1.0, abs=0.04)
    reliability = happened.groupby(decile)[["won", "probability"]].mean()
    assert (reliability["won"] - reliability["probability"]).abs().max() < 0.035


def test_expected_revenue_sums_to_what_comes_in(happened: pd.DataFrame) -> None:
    known = happened[(happened["won"] == 0) | happened["amount"].notna()]
    assert known["amount"].sum() / known["expected_revenue"].sum() == pytest.approx(1.0, abs=0.1)
    product = happened["probability"] * happened["expected_amount"]
    np.testing.assert_allclose(happened["expected_revenue"], product, rtol=1e-4, atol=0.01)


def test_the_truth_beats_every_simple_feature(folders: dict[int, Path], happened: pd.DataFrame) -> None:
    rate = happened["won"].mean()
    limit = roc_auc_score(happened["won"], happened["probability"])
    assert 0.10 < rate < 0.22
    assert 0.79 < limit < 0.88
    for seed, folder in folders.items():
        here = happened[happened["seed"] == seed]
        limit = roc_auc_score(here["won"], here["probability"])
        for name, value in simple_features(folder, here).items():
            auc = roc_auc_score(here["won"], value)
            assert max(auc, 1 - auc) < limit - 0.03, name


def simple_features(folder: Path, rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Numbers of leads.csv as they are, categories by win rate in hindsight, and what rows before as_of say."""
    leads = read(folder, "leads", "created_at").set_index("lead_id")
    made = leads.loc[rows["lead_id"]].set_axis(rows.index)
    features = {
        c: made[c].fillna(made[c].median()) for c in ("employees", "seats", "annual_budget", "profile_fit")
    }
    for column in (
        "source",
        "owner",
        "campaign",
        "product",
        "contact_role",
        "industry",
        "country",
        "is_customer",
    ):
        features[column] = rows["won"].groupby(made[column].fillna("")).transform("mean")
    features["age"] = (rows["as_of"] - made["created_at"]).dt.days
    planned = pd.to_datetime(made["planned_close_on"], utc=True)
    features["planned"] = (planned - rows["as_of"]).dt.days.abs().fillna(60)
    stages = read(folder, "stages", "recorded_at")
    stages = stages.assign(rank=stages["stage"].map({name: i for i, name in enumerate(STAGE_NAMES)}))
    features["stage"] = last_before(rows, stages, "rank")
    touches = read(folder, "interactions", "recorded_at").query("direction == 'inbound'")
    seen = last_before(rows, touches.assign(at=touches["recorded_at"].astype("int64") / 1e15), "at")
    features["last inbound"] = (seen - rows["as_of"].astype("int64") / 1e15).fillna(-99.0)
    return features


def last_before(rows: pd.DataFrame, table: pd.DataFrame, column: str) -> pd.Series:
    both = (
        rows[["lead_id", "as_of"]]
        .reset_index()
        .merge(table[["lead_id", "recorded_at", column]], on="lead_id")
    )
    both = both[both["recorded_at"] <= both["as_of"]].sort_values("recorded_at")
    value: pd.Series = both.groupby("index")[column].last().reindex(rows.index)
    return value


def test_the_state_is_read_from_the_rows_visible_then(tmp_path: Path) -> None:
    """Nothing hidden: recounted from the rows recorded before a month, the state is the one the truth starts from."""
    simulate(tmp_path / "crm", leads=400, seed=21)
    world = build_world(21, 400, 18, DEFAULT_END, CUT_US)
    batch = lead_batch(world, np.arange(400))
    _, states = _run(world, batch)
    stages = grouped(read(tmp_path / "crm", "stages", "recorded_at"), "stage")
    touches = read(tmp_path / "crm", "interactions", "recorded_at").query("direction == 'inbound'")
    inbound = grouped(touches, "kind")
    checked = 0
    for i, m in np.argwhere(states >= 0).tolist():
        lead, as_of = f"L{i + 1:07d}", int(world.months[m])
        assert recounted(stages[lead], inbound.get(lead, []), int(batch.starts.day[i]), as_of) == states[i, m]
        checked += 1
    assert checked > 1000


def grouped(table: pd.DataFrame, column: str) -> dict[str, list[tuple[int, str]]]:
    days = (table["recorded_at"] - pd.Timestamp("1970-01-01", tz="UTC")).dt.days
    rows = pd.DataFrame(
        {"lead_id": table["lead_id"], "day": days, "what": table[column], "at": table["recorded_at"]}
    )
    return {
        str(lead): list(zip(part["day"], part["what"], strict=True))
        for lead, part in rows.sort_values("at", kind="stable").groupby("lead_id")
    }


def recounted(stages: list[tuple[int, str]], inbound: list[tuple[int, str]], created: int, as_of: int) -> int:
    entered, stage = [row for row in stages if row[0] < as_of][-1]
    seen = [row for row in inbound if row[0] < as_of]
    recency = ticks(seen[-1][0], as_of, (0, 3)) if seen else 3 + ticks(created, as_of, (0, 3))
    dwell = min(ticks(entered, as_of, (0,)), 4)
    demo = any(kind == "demo" for _, kind in seen)
    return STAGE_NAMES.index(stage) * PER_STAGE + (dwell * RECENCIES + min(recency, 4)) * 2 + int(demo)


def ticks(day: int, as_of: int, weekdays: tuple[int, ...]) -> int:
    return sum((d + 3) % 7 in weekdays for d in range(day + 1, as_of))


def test_lateness_says_nothing_of_the_outcome(happened: pd.DataFrame, folders: dict[int, Path]) -> None:
    """The share of late touches is the same for leads that are won in the end and the others, within chance."""
    late: list[npt.NDArray[np.float64]] = []
    for folder in folders.values():
        touches = read(folder, "interactions", "occurred_at", "recorded_at")
        won = set(read(folder, "outcomes").query("outcome == 'won'")["lead_id"])
        old = touches[~touches["interaction_id"].str.endswith("-00000")]
        is_late = (old["recorded_at"] > old["occurred_at"]).to_numpy(dtype=float)
        is_won = old["lead_id"].isin(won).to_numpy()
        late.append(np.array([is_late[is_won].mean(), is_late[~is_won].mean()]))
    share = np.mean(late, axis=0)
    assert 0.02 < share.min() < share.max() < 0.07
    assert abs(share[0] - share[1]) < 0.01
