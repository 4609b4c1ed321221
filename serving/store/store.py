"""The service's store: one object with everything that reads and writes it."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, func, select

from history.config import FunnelConfig, from_dict
from history.history import Costs, History, stage_order
from serving.base.clock import clock_us
from serving.store import schema as db
from serving.store.engine import StoreEngine
from serving.store.load import stored_config
from serving.store.reading import factor, history_of, lead_row, rows_of
from serving.store.writer import Writer


class Store:
    """The store of a home, or of a database URL; nothing is opened before first use.

    Raises StoreUnavailable from every call while the database is away.
    """

    def __init__(self, home: Path, url: str | None = None, now_us: Callable[[], int] = clock_us) -> None:
        self.engine = StoreEngine(home, url)
        self.now_us = now_us

    @cached_property
    def writer(self) -> Writer:
        return Writer(self.engine, self.now_us)

    @property
    def waiting(self) -> int:
        """Rows that wait for their commit in this process."""
        return self.writer.waiting if "writer" in self.__dict__ else 0

    def config(self) -> FunnelConfig | None:
        """The configuration of the folder loaded last, None before any."""
        with self.engine.reading() as connection:
            given = stored_config(connection)
        return None if given is None else from_dict(given)

    def latest_us(self, now_us: int) -> int | None:
        """The latest time of any row that is not after now_us, None for an empty store: T where none is asked for."""
        times = [db.leads.c.created_us, *(t.c[n] for t in db.FACTS for n in ("time_us", "known_us"))]
        with self.engine.reading() as connection:
            latest = [connection.execute(select(func.max(t)).where(t <= now_us)).scalar() for t in times]
        return max((int(t) for t in latest if t is not None), default=None)

    def read_all(self, as_of_us: int, config: FunnelConfig | None = None) -> History:
        """The whole history as visible at as_of_us, costs included; config None is that of the folder loaded last."""
        used = config or self.config() or FunnelConfig()
        with self.engine.reading() as connection:
            query = select(db.leads).where(db.leads.c.created_us <= as_of_us).order_by(db.leads.c.lead_no)
            leads = [lead_row(row) for row in connection.execute(query)]
            history = history_of(rows_of(connection, leads), used, as_of_us)
            costs = _costs(connection, as_of_us)
        if not used.stages:
            history = replace(history, config=replace(used, stages=stage_order(history.stages)))
        return replace(history, costs=costs)

    def count_leads(self) -> int:
        with self.engine.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(db.leads)).scalar() or 0)

    def close(self) -> None:
        """Commits what waits and lets go of the database."""
        if "writer" in self.__dict__:
            self.writer.close()
        self.engine.close()


def _costs(connection: Connection, as_of_us: int) -> Costs | None:
    table = db.costs
    query = select(table).where(table.c.start_us <= as_of_us).order_by(table.c.cost_no)
    rows = connection.execute(query).all()
    if not rows:
        return None
    _, start, end, amount, channel, source = zip(*rows, strict=True)
    return Costs(
        np.array(start, dtype=np.int64),
        np.array(end, dtype=np.int64),
        np.array(amount, dtype=np.float64),
        factor(channel),
        factor(source),
    )
