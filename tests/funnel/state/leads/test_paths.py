"""Paths of arbitrary leads: identities hold, and visits equal a plain walk."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.state.leads.paths import BACK, EXITS, REOPENED, stage_paths
from funnel.state.state import FunnelOptions, funnel_state
from history.snapshot import cut
from tests.builders.leads.funnel_leads import Lead, day, history_of

days = st.integers(0, 20)
states = st.sampled_from(["open", "won", "lost"])
names = st.sampled_from(["new", "demo", "offer", "odd"])
sources = st.sampled_from(["web", "fair", None])


@st.composite
def leads(draw: st.DrawFn) -> Lead:
    created = draw(st.integers(0, 10))
    after = st.integers(created, 20)
    decided = sorted(draw(st.lists(after, max_size=4)))
    return Lead(
        created,
        [(d, draw(names)) for d in sorted(draw(st.lists(days, max_size=5)))],
        [(d, draw(states), float(draw(st.integers(0, 9)))) for d in decided],
        [(d, draw(st.sampled_from(["in", "out", ""]))) for d in sorted(draw(st.lists(days, max_size=5)))],
        draw(sources),
    )


many = st.lists(leads(), min_size=1, max_size=6)


@settings(deadline=None, max_examples=40)
@given(many, st.integers(0, 19), st.integers(1, 10))
def test_reports_of_arbitrary_leads_reconcile(given_leads: list[Lead], start: int, length: int) -> None:
    history = history_of(given_leads, 20)
    state = funnel_state(history, FunnelOptions(from_us=day(start), to_us=day(start + length), by="source"))
    assert state["reconciliation"]["broken"] == []
    assert funnel_state(history)["reconciliation"]["broken"] == []


@settings(deadline=None, max_examples=40)
@given(many)
def test_adjacent_periods_add_up_to_the_whole(given_leads: list[Lead]) -> None:
    history = history_of(given_leads, 20)
    whole = funnel_state(history)["total"]
    first = funnel_state(history, FunnelOptions(from_us=day(0), to_us=day(8)))["total"]
    rest = funnel_state(history, FunnelOptions(from_us=day(8)))["total"]
    for part, name in (
        ("flow", "entered"),
        ("flow", "won"),
        ("deals", "won"),
        ("deals", "lost"),
        ("activity", "touches"),
    ):
        assert first[part][name] + rest[part][name] == whole[part][name]
    assert first["flow"]["open_at_end"] == rest["flow"]["open_at_start"]


def walk(lead: Lead, as_of: int) -> list[tuple[str | None, float, str, bool]]:
    """Stage, first day, ending and whether by reopening, of each visit: one event after the other."""
    events = [(d, 0, name) for d, name in lead.stages] + [(d, 1, state) for d, state, _ in lead.decisions]
    visits: list[list[object]] = [[None, lead.created, "here", False]]
    standing: str | None = None
    closed = False
    order = ["new", "demo", "offer", "odd"]
    for moment, kind, what in sorted(events, key=lambda e: (e[0], e[1])):
        at = max(moment, lead.created)
        if kind == 1 and what != "open":
            closed, visits[-1][2] = True, what
        elif kind == 1 and closed:
            closed = False
            visits.append([standing, at, "here", True])
        elif kind == 0 and what != standing:
            if not closed and standing is None and at == lead.created and len(visits) == 1:
                visits[-1][0] = what
            elif not closed:
                back = standing is not None and order.index(what) < order.index(standing)
                visits[-1][2] = "moved_back" if back else "moved_on"
                visits.append([what, at, "here", False])
            standing = what
    return [(stage, float(str(start)), str(end), bool(again)) for stage, start, end, again in visits]  # type: ignore[misc]


@settings(deadline=None, max_examples=40)
@given(leads())
def test_visits_equal_a_plain_walk(lead: Lead) -> None:
    paths = stage_paths(history_of([lead], 20))
    visits = paths.visits
    names = [None, *paths.names]
    visits_found = [
        (names[place], begin, EXITS[left], came == REOPENED)
        for place, begin, left, came in zip(
            visits.place.tolist(),
            visits.begin_us.tolist(),
            visits.exit.tolist(),
            visits.entry.tolist(),
            strict=True,
        )
    ]
    assert visits_found == [(stage, day(start), left, again) for stage, start, left, again in walk(lead, 20)]
    assert (visits.entry == BACK).sum() == (visits.exit == EXITS.index("moved_back")).sum()


@settings(deadline=None, max_examples=40)
@given(many, st.integers(3, 19))
def test_later_rows_leave_no_trace(given_leads: list[Lead], as_of: int) -> None:
    known = [lead for lead in given_leads if lead.created <= as_of]
    shown = [
        Lead(
            lead.created,
            [s for s in lead.stages if s[0] <= as_of],
            [d for d in lead.decisions if d[0] <= as_of],
            [t for t in lead.touches if t[0] <= as_of],
            lead.source,
        )
        for lead in known
    ]
    if known:
        cut_off = cut(history_of(given_leads, 20), day(as_of))
        alone = replace(history_of(shown, as_of), lead_ids=cut_off.lead_ids)
        assert funnel_state(cut_off) == funnel_state(alone)
