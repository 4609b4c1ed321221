"""Wins and revenue by calendar period: won already, of the leads open at T, of leads that have yet to come."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import numpy as np

from funnel.forecast.components.new_leads import (
    NewLeads,
    amount_dispersion,
    forecast_new_leads,
    recent_rate,
    unseen_year_share,
)
from funnel.forecast.components.open_leads import OpenLeads, scored_leads
from funnel.forecast.components.rhythm import fit_rhythm, working_days
from funnel.forecast.draws import Expectation, Quantiles, simulate
from funnel.forecast.groups import Groups, groups_by, single_group, sum_by_group, won_already
from funnel.forecast.period_wins import PeriodWins, period_wins
from funnel.forecast.periods import LENGTH_IN_MONTHS, CalendarPeriod, periods
from funnel.forecast.replays.by_age import AgeReplays, Ahead, replays_by_age
from funnel.forecast.replays.level import Level, Measure, fit_level
from funnel.forecast.replays.replays import ComingSpans, replays_of
from funnel.forecast.replays.spread import ArrivalSpread
from funnel.known_leads import KnownLeads
from funnel.recording import known_leads
from history.base.arrays import Floats
from history.history import History
from history.text.times import DAY_US
from models.bundle import Bundle

# Basis of the intervals: replayed forecasts, or the model's uncertainty.
MEASURED, MODEL = "measured", "model"


@dataclass(frozen=True)
class ForecastOptions:
    """Period (week, month or quarter), number of periods (None: about three months), column to group by.

    revenue_per_month: the target whose chance is computed, None for none.
    """

    period: str = "month"
    count: int | None = None
    by: str | None = None
    revenue_per_month: float | None = None

    @property
    def goal(self) -> float | None:
        """The target's share of one period."""
        monthly = self.revenue_per_month
        return None if monthly is None else monthly * LENGTH_IN_MONTHS[self.period]


@dataclass(frozen=True)
class Forecast:
    """A forecast with its inputs, of n open leads, k periods and g groups.

    whole, whole_quantiles: expectation and quantiles of all groups as one, as without groups.
    horizon_days: of the model. open_wins, open_revenue (n, k): expected of each open lead in each period, the level
    applied.
    """

    as_of_us: int
    options: ForecastOptions
    zone: ZoneInfo
    model_version: str
    horizon_days: int
    currency: str | None
    periods: list[CalendarPeriod]
    groups: Groups
    known: KnownLeads
    leads: OpenLeads
    new_leads: NewLeads
    expectation: Expectation
    quantiles: Quantiles
    whole: Expectation
    whole_quantiles: Quantiles
    open_wins: Floats
    open_revenue: Floats
    level: Level
    has_amounts: bool

    @property
    def has_timing(self) -> bool:
        """False if it is unknown when leads are won: then no figure of a period is."""
        return self.known.has_timing

    @property
    def interval_basis(self) -> str:
        """MEASURED or MODEL."""
        return MEASURED if self.level.is_measured else MODEL

    @property
    def wins(self) -> Floats:
        """Expected wins (k, g)."""
        return self.expectation.wins

    @property
    def revenue(self) -> Floats:
        """Expected revenue (k, g), NaN without amounts."""
        return np.where(self.has_amounts, self.expectation.revenue, np.nan)


@dataclass(frozen=True)
class _Parts:
    """All parts of a forecast before they are put together."""

    spans: Sequence[CalendarPeriod]
    known: KnownLeads
    groups: Groups
    leads: OpenLeads
    new_leads: NewLeads
    by_period: PeriodWins
    level: Level

    @property
    def factor(self) -> Floats:
        """The level's factor (k,)."""
        return self.level.factor

    @property
    def open_wins(self) -> Floats:
        """Expected wins of open leads (n, k), the level applied."""
        return self.by_period.open_wins * self.factor

    @property
    def open_revenue(self) -> Floats:
        """Expected revenue of open leads (n, k), the level applied."""
        return self.open_wins * self.by_period.amount[:, None]


def forecast(
    bundle: Bundle, history: History, options: ForecastOptions, leads: OpenLeads | None = None
) -> Forecast:
    """The forecast at history.as_of_us under the model's configuration.

    leads: the open leads if they are scored already. Deterministic: the simulation has a fixed seed. Raises
    InvalidInput for an unknown period or column and for a count out of bounds.
    """
    parts = _parts(bundle, replace(history, config=bundle.config), options, leads)
    expectation = _expectation(parts)
    goals = None if options.goal is None else np.full(len(parts.spans), options.goal)
    quantiles = simulate(expectation, goals=goals)
    whole, whole_quantiles = expectation, quantiles
    if options.by is not None:
        # Quantiles of groups do not add up: the whole is simulated as one group.
        whole = _expectation(replace(parts, groups=single_group(history)))
        whole_quantiles = simulate(whole, goals=goals)
    return Forecast(
        as_of_us=history.as_of_us,
        options=options,
        zone=bundle.config.zone,
        model_version=bundle.version,
        horizon_days=bundle.config.horizon_days,
        currency=bundle.config.currency,
        periods=list(parts.spans),
        groups=parts.groups,
        known=parts.known,
        leads=parts.leads,
        new_leads=parts.new_leads,
        expectation=expectation,
        quantiles=quantiles,
        whole=whole,
        whole_quantiles=whole_quantiles,
        open_wins=parts.open_wins,
        open_revenue=parts.open_revenue,
        level=parts.level,
        has_amounts=bundle.amount is not None and bool(np.isfinite(parts.leads.amount).all()),
    )


def _parts(bundle: Bundle, history: History, options: ForecastOptions, leads: OpenLeads | None) -> _Parts:
    at, zone = history.as_of_us, bundle.config.zone
    spans = periods(at, options.period, options.count, zone)
    known = known_leads(history, at)
    groups = single_group(history) if options.by is None else groups_by(history, known, options.by)
    open_ = scored_leads(bundle, history, at) if leads is None else leads

    # Wins are counted in working days, the level and the arrivals in calendar days.
    end = np.array([(span.end_us - at) / DAY_US for span in spans])
    rhythm = fit_rhythm(known, zone)
    working = working_days(end, at, rhythm, zone)
    days = int(np.ceil(max(end[-1], working[-1]))) + 1
    new_leads = forecast_new_leads(known, bundle.config.horizon_days, days)

    by_period = period_wins(bundle, open_, new_leads, end, working)
    ahead = Ahead(spans, options.period, bundle.config.horizon_days, rhythm, zone)
    by_age = replays_by_age(known, ahead, new_leads.arrivals.textures)
    level = _level(bundle, known, by_period, new_leads, by_age)
    return _Parts(spans, known, groups, open_, new_leads, by_period, level)


def _expectation(parts: _Parts) -> Expectation:
    """Sums by period and group, and the shocks by period."""
    by_period, groups, shock = parts.by_period, parts.groups, parts.level.shocks
    already = won_already(parts.known, parts.spans, groups)
    of_group = groups.of_lead[parts.leads.lead]
    new_revenue = by_period.new_wins * by_period.new_amount
    return Expectation(
        already_wins=already.wins,
        already_revenue=already.revenue,
        open_wins=sum_by_group(of_group, parts.open_wins, groups),
        new_wins=np.outer(by_period.new_wins * parts.factor, groups.new_share),
        open_squares=sum_by_group(of_group, parts.open_wins**2, groups),
        open_revenue=sum_by_group(of_group, parts.open_revenue, groups),
        new_revenue=np.outer(new_revenue * parts.factor, groups.new_share),
        wins_shock=shock.wins,
        revenue_shock=shock.revenue,
        new_shock=shock.new,
        amount_dispersion=amount_dispersion(parts.known),
    )


def _leads_per_sampled(bundle: Bundle) -> int:
    """Of how many leads of its folder the model has learned from one."""
    return int((bundle.card.get("sample") or {"one_in": 1})["one_in"])


def _level(
    bundle: Bundle, known: KnownLeads, by_period: PeriodWins, new_leads: NewLeads, by_age: AgeReplays
) -> Level:
    """The factor from the model's replays of wins, the shocks from all replays.

    Replayed revenue corrects no amount: the amounts were fitted on the same wins.
    """
    recent = recent_rate(known)
    wins = ComingSpans(
        start=by_period.start,
        end=by_period.end,
        expected=by_period.wins,
        recent_rate=recent.wins,
        noise=1.0,
        known_wins=float(known.won.sum()) / _leads_per_sampled(bundle),
        unseen_year=unseen_year_share(known),
    )
    revenue = replace(
        wins,
        expected=by_period.revenue,
        recent_rate=recent.revenue,
        noise=1 + amount_dispersion(known),
    )
    horizon, at_us = bundle.config.horizon_days, known.as_of_us
    of_wins = (replays_of(bundle.forecast, wins, horizon, at_us, of_revenue=False), by_age.wins)
    of_revenue = (replays_of(bundle.forecast, revenue, horizon, at_us, of_revenue=True), by_age.revenue)

    new_share = by_period.new_wins / np.maximum(by_period.wins, 1e-9)
    arrivals = ArrivalSpread(_arrival_deviation(new_leads, by_period.end), new_share)
    return fit_level(Measure(wins, of_wins), Measure(revenue, of_revenue), arrivals)


def _arrival_deviation(new_leads: NewLeads, end: Floats) -> Floats:
    """Deviation of the log level of arrivals on the last day of each period (k,)."""
    deviation = new_leads.arrivals.deviation
    last_day = np.clip(end.astype(np.int64) - 1, 0, len(deviation) - 1)
    return deviation[last_day]
