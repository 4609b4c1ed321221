"""The daily process of one simulated lead: its path by chance, and its exact chance of a win, from the same rates.

A lead's state is what its rows show: stage, Mondays since it entered the stage (0 to 4), half-weeks since its
last inbound touch (0 to 4), and whether a demo took place. Each open day moves it in two steps: on business
days at most one of won, lost, forward, skip or back, each with probability rate / (1 + sum of rates); then an
inbound touch, which may be a demo. Counters tick before that, on Mondays, and on Mondays and Thursdays.
`win_chance` carries the whole distribution over states through the same steps, so the truth has no sampling
error.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from history.base.arrays import Floats, Ints
from history.base.compiled import compiled

Keys = npt.NDArray[np.uint64]

STAGES, DWELLS, RECENCIES = 4, 5, 5
PER_STAGE = DWELLS * RECENCIES * 2
STATES = STAGES * PER_STAGE
WON, LOST, FORWARD, SKIP, BACK = range(5)  # columns of the rates
ENTER, WIN, LOSE, REOPEN, INBOUND, DEMO, OUTBOUND, AMBIENT = range(8)  # event codes
LEAD, DAY, CODE, DETAIL = range(4)  # columns of the events


class Tables(NamedTuple):
    """Rates by state (STATES, 5) a business day at score 0, the score's slope in each (5,), touches a day by state."""

    rates: Floats
    slope: Floats
    inbound: Floats
    demo: Floats
    outbound: Floats
    ambient: float
    reopened: float


class Calendar(NamedTuple):
    """Factors by day from first_day (since 1970): moves (0 at weekends), wins, touches; ticks; month number or -1."""

    first_day: int
    moves: Floats
    wins: Floats
    touches: Floats
    monday: npt.NDArray[np.bool_]
    half_week: npt.NDArray[np.bool_]
    month: Ints


class Starts(NamedTuple):
    """n leads at creation: rng key, day, first recency, planned day or -1, score by stage (n, 4), log engagement."""

    key: Keys
    day: Ints
    recency: Ints
    planned: Ints
    score: Floats
    engagement: Floats


@compiled()
def _uniform(key: Any, counter: Any) -> Any:
    """Counter-based uniform in [0, 1): splitmix64 of key and counter (Steele, Lea, Flood 2014)."""
    z = key + np.uint64(counter + 1) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.float64(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@compiled()
def _plan_factor(day: Any, planned: Any) -> Any:
    """How the win rate follows the planned close date: low well before, high around it, low once it has passed."""
    if planned < 0:
        return 1.0
    ahead = planned - day
    if ahead > 21:
        return 0.5
    if ahead > 7:
        return 1.0
    if ahead >= -10:
        return 3.0
    return 0.35


@compiled()
def _lead_rates(score: Any, rates: Any, slope: Any) -> Any:
    """The (STATES, 5) rates of one lead with a score in each stage."""
    own = np.empty_like(rates)
    for stage in range(STAGES):
        for k in range(5):
            factor = np.exp(slope[k] * score[stage])
            for s in range(stage * PER_STAGE, (stage + 1) * PER_STAGE):
                own[s, k] = rates[s, k] * factor
    return own


@compiled()
def _entered(state: Any, move: Any) -> Any:
    """The state after a stage move: the new stage, no days in it, recency and demo as they were."""
    stage = state // PER_STAGE
    if move == FORWARD:
        stage += 1
    elif move == SKIP:
        stage += 2
    else:
        stage -= 1
    return stage * PER_STAGE + state % (RECENCIES * 2)


@compiled()
def _ticked(state: Any, monday: Any, half_week: Any) -> Any:
    demo = state % 2
    recency = (state // 2) % RECENCIES
    dwell = (state // (2 * RECENCIES)) % DWELLS
    stage = state // (2 * RECENCIES * DWELLS)
    if monday and dwell < DWELLS - 1:
        dwell += 1
    if half_week and recency < RECENCIES - 1:
        recency += 1
    return ((stage * DWELLS + dwell) * RECENCIES + recency) * 2 + demo


@compiled()
def _touched(state: Any) -> Any:
    """The state after an inbound touch: recency 0, all else as it was."""
    return state - (state // 2 % RECENCIES) * 2


@compiled()
def _touch_chance(inbound: Any, engagement: Any, touches: Any) -> Any:
    return min(0.9, inbound * engagement * touches)


@compiled()
def _moved(own: Any, state: Any, plan: Any, moves: Any, u: Any) -> Any:
    """The move of a business day by a uniform u: a column of the rates, -1 for no move."""
    total = 1.0 + moves * own[state, WON] * plan
    for k in range(LOST, BACK + 1):
        total += moves * own[state, k]
    edge = 0.0
    for k in range(WON, BACK + 1):
        edge += moves * own[state, k] * (plan if k == WON else 1.0)
        if u * total < edge:
            return k
    return -1


@compiled()
def _emit(events: Any, count: Any, lead: Any, day: Any, code: Any, stage: Any) -> Any:
    """Writes one event if the array has room for it; returns the new count."""
    if count < len(events):
        events[count, LEAD] = lead
        events[count, DAY] = day
        events[count, CODE] = code
        events[count, DETAIL] = stage
    return count + 1


@compiled()
def _reopening(key: Any, day: Any, reopened: Any, calendar: Any, last_day: Any) -> Any:
    """The business day on which a lead lost on `day` comes back, after last_day for most."""
    if _uniform(key, day * 8 + 1) >= reopened:
        return last_day + 1
    back = day + 15 + np.int64(75.0 * _uniform(key, day * 8 + 2))
    while back <= last_day and calendar.moves[back - calendar.first_day] == 0.0:
        back += 1
    return back


@compiled()
def _touches(
    events: Any, count: Any, at: Any, key: Any, state: Any, engagement: Any, tables: Any, calendar: Any
) -> Any:
    """The second step of an open day: a touch of ours or an ambient one, an inbound one or a demo; (count, state)."""
    lead, day = at
    moves = calendar.moves[day - calendar.first_day]
    factor = calendar.touches[day - calendar.first_day]
    v = _uniform(key, day * 8 + 5)
    if moves > 0.0 and v < tables.outbound[state]:
        count = _emit(events, count, lead, day, OUTBOUND, 0)
    elif v > 1.0 - tables.ambient:
        count = _emit(events, count, lead, day, AMBIENT, 0)
    if _uniform(key, day * 8 + 3) < _touch_chance(tables.inbound[state], engagement, factor):
        is_demo = moves > 0.0 and state % 2 == 0 and _uniform(key, day * 8 + 4) < tables.demo[state]
        count = _emit(events, count, lead, day, DEMO if is_demo else INBOUND, 0)
        state = _touched(state) + (1 if is_demo else 0)
    return count, state


@compiled()
def paths(starts: Any, tables: Any, calendar: Any, last_day: Any, events: Any, states: Any) -> Any:
    """Runs every lead to last_day: events (m, 4: LEAD, DAY, CODE, DETAIL) and states (n, months), -1 where not open.

    Returns the number of events. An array that is too small holds the first ones; run again with a larger one.
    """
    count = 0
    for i in range(len(starts.key)):
        key = starts.key[i]
        own = _lead_rates(starts.score[i], tables.rates, tables.slope)
        engagement = np.exp(starts.engagement[i])
        state = starts.recency[i] * 2
        day = starts.day[i] + 1
        while day <= last_day + 1:
            c = day - calendar.first_day
            if calendar.month[c] >= 0:
                states[i, calendar.month[c]] = state
            if day > last_day:
                break
            state = _ticked(state, calendar.monday[c], calendar.half_week[c])
            plan = calendar.wins[c] * _plan_factor(day, starts.planned[i])
            move = _moved(own, state, plan, calendar.moves[c], _uniform(key, day * 8))
            if move == WON:
                count = _emit(events, count, i, day, WIN, 0)
                break
            if move == LOST:
                count = _emit(events, count, i, day, LOSE, 0)
                day = _reopening(key, day, tables.reopened, calendar, last_day)
                if day > last_day:
                    break
                count = _emit(events, count, i, day, REOPEN, 1)
                count = _emit(events, count, i, day, INBOUND, 0)
                state = PER_STAGE + state % 2
                day += 1
                continue
            if move >= 0:
                state = _entered(state, move)
                count = _emit(events, count, i, day, ENTER, state // PER_STAGE)
            count, state = _touches(events, count, (i, day), key, state, engagement, tables, calendar)
            day += 1
    return count


@compiled()
def _tick_mass(mass: Any, after: Any, monday: Any) -> Any:
    after[:] = 0.0
    for s in range(STATES):
        if mass[s] > 0.0:
            after[_ticked(s, monday, True)] += mass[s]
    mass[:] = after


@compiled()
def _move_mass(mass: Any, after: Any, own: Any, plan: Any, moves: Any) -> Any:
    """The first step of a business day for a distribution over states; returns the probability won."""
    won = 0.0
    after[:] = 0.0
    for s in range(STATES):
        if mass[s] == 0.0:
            continue
        win = own[s, WON] * plan
        share = mass[s] / (1.0 + moves * (win + own[s, LOST] + own[s, FORWARD] + own[s, SKIP] + own[s, BACK]))
        won += share * moves * win
        after[s] += share
        for k in range(FORWARD, BACK + 1):
            if own[s, k] > 0.0:
                after[_entered(s, k)] += share * moves * own[s, k]
    mass[:] = after
    return won


@compiled()
def _touch_mass(mass: Any, tables: Any, engagement: Any, touches: Any, business: Any) -> Any:
    """The second step of a day, in place: fresh states come first, and touching one again changes nothing."""
    for s in range(STATES):
        if mass[s] == 0.0:
            continue
        touched = mass[s] * _touch_chance(tables.inbound[s], engagement, touches)
        demo = touched * tables.demo[s] if business and s % 2 == 0 else 0.0
        fresh = _touched(s)
        mass[s] -= touched
        mass[fresh] += touched - demo
        if demo > 0.0:
            mass[fresh + 1] += demo


@compiled()
def win_chance(starts: Any, tables: Any, calendar: Any, states: Any, days: Any) -> Any:
    """P(won within days[1] days) at the month starts days[0], exact, (n, months); NaN where states is -1.

    Probability that moves from the open states to won adds up; a loss is final here, even if the lead reopens later.
    """
    n, months = states.shape
    chance = np.full((n, months), np.nan)
    month_days, horizon = days
    mass, after = np.zeros(STATES), np.zeros(STATES)
    for i in range(n):
        own = _lead_rates(starts.score[i], tables.rates, tables.slope)
        engagement = np.exp(starts.engagement[i])
        for m in range(months):
            if states[i, m] < 0:
                continue
            mass[:] = 0.0
            mass[states[i, m]] = 1.0
            won = 0.0
            for day in range(month_days[m], month_days[m] + horizon):
                c = day - calendar.first_day
                if calendar.half_week[c]:
                    _tick_mass(mass, after, calendar.monday[c])
                moves = calendar.moves[c]
                if moves > 0.0:
                    won += _move_mass(
                        mass, after, own, calendar.wins[c] * _plan_factor(day, starts.planned[i]), moves
                    )
                _touch_mass(mass, tables, engagement, calendar.touches[c], moves > 0.0)
            chance[i, m] = won
    return chance
