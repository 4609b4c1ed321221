"""Open leads that need somebody today: waiting for an answer, silent too long, stuck in their stage,
falling in chance.
"""

import math
from dataclasses import dataclass

import numpy as np

from funnel.state.paths import HERE, Paths, Visits
from funnel.state.period import Record, number
from funnel.state.stages import in_stage
from funnel.state.touches import Touches
from funnel.survival import curve
from history.arrays import Floats, Ints, Mask
from history.history import DAY_US, HOUR_US, OPEN, WON

LONG = 0.9  # a stay or silence longer than this share of them is too long
LEAST_GAPS = 20
ANSWER_HOURS = 24.0
HIGH_VALUE = 0.9  # from this rank among the open leads
HIGH_VALUE_SILENCE_DAYS = 7.0
FELL = 0.25  # of its own size, since the earlier scoring
SHOWN_LEADS, MOST_ATTENTION = 20, 10_000  # unless told; at most


@dataclass(frozen=True)
class Chances:
    """What a model says of every lead of the history (n,), NaN where it says nothing: chance now, chance
    before, revenue if won.
    """

    probability: Floats
    before: Floats
    amount: Floats


def attention(
    paths: Paths, touches: Touches, chances: Chances | None = None, most: int = SHOWN_LEADS
) -> Record:
    """The open leads with a reason, most expected revenue first, at most `most`, and how many there are in all.

    Without a model a lead is worth its stage's win rate times the average deal.
    """
    here = paths.visits.take(paths.visits.left == HERE)
    lead = here.lead
    silent = (paths.as_of_us - np.maximum(touches.last_us[lead], paths.created_us[lead])) / DAY_US
    chance, value = _worth(paths, here, chances)
    reasons: list[list[Record]] = [[] for _ in range(len(lead))]
    _add(reasons, "unanswered", *_unanswered(paths, touches, lead))
    _add(reasons, "silent", silent, *_too_silent(paths, here, silent))
    days = (paths.as_of_us - here.begin_us) / DAY_US
    _add(reasons, "stuck", days, *_stuck(paths, here, days))
    _add(reasons, "high_value_untouched", silent, *_precious(value, silent))
    if chances is not None:
        change = chances.probability[lead] - chances.before[lead]
        least = -FELL * chances.before[lead]
        _add(reasons, "probability_fell", change, change < least, least)
    rows = [i for i in range(len(lead)) if reasons[i]]
    worth, likely = np.nan_to_num(value).tolist(), np.nan_to_num(chance).tolist()
    rows.sort(key=lambda i: (-worth[i], -likely[i], -len(reasons[i])))
    return {
        "leads": len(rows),
        "list": [
            {
                "lead_id": paths.history.lead_ids[int(lead[i])],
                "stage": paths.names[here.place[i] - 1] if here.place[i] else None,
                "probability": number(chance[i]),
                "expected_revenue": number(value[i]),
                "reasons": reasons[i],
            }
            for i in rows[:most]
        ],
    }


SENTENCES = {
    "unanswered": "waits {0:.0f} hours for an answer; more than {1:.0f} is long",
    "silent": "not touched for {0:.0f} days; leads of its stage that were won were touched again within {1:.0f}",
    "stuck": "in its stage for {0:.0f} days; nine of ten leave it within {1:.0f}",
    "high_value_untouched": "among the most valuable tenth and not touched for {0:.0f} days",
    "probability_fell": "its chance changed by {0:+.1%} points within a week",
}


def _add(reasons: list[list[Record]], code: str, value: Floats, flagged: Mask, limit: Floats) -> None:
    for i in np.flatnonzero(flagged).tolist():
        text = SENTENCES[code].format(value[i], limit[i])
        reasons[i].append(
            {"code": code, "value": float(value[i]), "limit": number(limit[i]), "sentence": text}
        )


def _worth(paths: Paths, here: Visits, chances: Chances | None) -> tuple[Floats, Floats]:
    """The chance and the expected revenue of each open lead."""
    if chances is not None:
        chance = chances.probability[here.lead]
        return chance, chance * chances.amount[here.lead]
    chance = np.full(len(here), np.nan)
    first = paths.visits.take(~paths.visits.again)
    decided = paths.state[first.lead] != OPEN
    for place in np.unique(here.place).tolist():
        mine = decided & (first.place == place)
        if mine.any():
            chance[here.place == place] = (paths.state[first.lead[mine]] == WON).mean()
    paid = paths.amount[(paths.state == WON) & np.isfinite(paths.amount)]
    return chance, chance * (paid.mean() if len(paid) else math.nan)


def _unanswered(paths: Paths, touches: Touches, lead: Ints) -> tuple[Floats, Mask, Floats]:
    """Hours since the open question, against the target or a day."""
    asked = np.full(len(paths), np.nan)
    waiting = ~touches.answered
    asked[touches.asked_lead[waiting]] = (paths.as_of_us - touches.asked_us[waiting]) / HOUR_US
    hours = asked[lead]
    limit = float(paths.history.config.targets.get("response_time_hours", ANSWER_HOURS))
    return hours, touches.directed & (hours > limit), np.full(len(lead), limit)


def _too_silent(paths: Paths, here: Visits, silent: Floats) -> tuple[Mask, Floats]:
    """Longer without a touch than nine of ten gaps between touches were in the same stage, of leads that were won."""
    limit = np.full(len(here), np.inf)
    place, gap = _gaps(paths)
    for one in np.unique(here.place).tolist():
        own = gap[place == one]
        if len(own) >= LEAST_GAPS:
            limit[here.place == one] = np.quantile(own, LONG)
    return silent > limit, limit


def _gaps(paths: Paths) -> tuple[Ints, Floats]:
    """The stage in which each gap between two touches of a won lead began, and its days."""
    log = paths.history.interactions
    lead = np.repeat(np.arange(len(paths)), np.diff(log.offsets))
    rows = (
        np.flatnonzero((paths.state[lead[:-1]] == WON) & (lead[:-1] == lead[1:]))
        if len(lead) > 1
        else lead[:0]
    )
    rows = rows[
        (log.time_us[rows] >= paths.created_us[lead[rows]])
        & (log.time_us[rows + 1] <= paths.closed_us[lead[rows]])
    ]
    visits = paths.visits
    everything = np.concatenate((visits.begin_us, log.time_us[rows]))
    owner = np.concatenate((visits.lead, lead[rows]))
    is_touch = np.arange(len(owner)) >= len(visits)
    order = np.lexsort((is_touch, everything, owner))
    latest = np.maximum.accumulate(np.where(is_touch[order], -1, order_places(order, len(visits))))
    place = np.empty(len(owner), dtype=np.int64)
    place[order] = visits.place[order[np.maximum(latest, 0)]]
    return place[len(visits) :], (log.time_us[rows + 1] - log.time_us[rows]) / DAY_US


def order_places(order: Ints, n: int) -> Ints:
    """The place in `order` of each entry below n, -1 for the others."""
    return np.where(order < n, np.arange(len(order)), -1)


def _stuck(paths: Paths, here: Visits, days: Floats) -> tuple[Mask, Floats]:
    """Longer in the stage than nine of ten visits last, those that go on accounted for; else than nine of ten
    that ended.
    """
    limit = np.full(len(here), np.inf)
    for place in np.unique(here.place[here.place > 0]).tolist():
        visits = paths.visits.take((paths.visits.place == place) & ~paths.implied[paths.visits.lead])
        found = in_stage(visits).quantile(LONG)
        if math.isnan(found):
            ended = visits.take(visits.left != HERE)
            stays = (ended.end_us - ended.begin_us) / DAY_US
            found = (
                curve(stays, np.ones(len(stays), dtype=np.int8)).quantile(LONG)
                if len(stays) >= LEAST_GAPS
                else math.inf
            )
        limit[here.place == place] = found
    return days > limit, limit


def _precious(value: Floats, silent: Floats) -> tuple[Mask, Floats]:
    known = value[np.isfinite(value)]
    least = np.quantile(known, HIGH_VALUE) if len(known) else math.inf
    differs = len(known) > 0 and bool(known.min() < known.max())
    return differs & (value >= least) & (silent > HIGH_VALUE_SILENCE_DAYS), np.full(
        len(value), HIGH_VALUE_SILENCE_DAYS
    )
