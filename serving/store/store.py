"""The service's store: one object for everything that reads and writes it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, func, select

from history.base.warnings import Warning
from history.bulk_creations import bulk_warning, days_of
from history.config.config import FunnelConfig, from_dict
from history.history import Costs, History
from history.outcomes.gone import without_gone
from history.outcomes.settled import decided_leads
from history.spelling import one_spelling
from history.stage_ties import infer_stages
from serving.base.clock import clock_us
from serving.store import schema as db
from serving.store.config import stored_config
from serving.store.data_end import data_end_us, late_row_warnings
from serving.store.database.engine import StoreEngine
from serving.store.database.writer import Writer
from serving.store.leads.all_leads import all_leads
from serving.store.leads.history import StoredLeads, factor, history_of_leads


@dataclass(frozen=True)
class StoredRows:
    """The rows of a store as visible at as_of_us, before a configuration reads them."""

    as_of_us: int
    leads: StoredLeads
    costs: Costs | None

    def history(self, config: FunnelConfig) -> History:
        """The whole history under a configuration; stages that it does not name are ordered by the data."""
        history = without_gone(history_of_leads(self.leads, config, self.as_of_us))
        if not config.stages:
            stages, config = infer_stages(history.stages, config)
            history = replace(history, config=config, stages=stages)
        return replace(
            history,
            costs=self.costs,
            warnings=(
                *history.warnings,
                *decided_leads(history).warning(),
                *bulk_warning(days_of(history.created_us)),
            ),
        )


class Store:
    """The store of a home, or of a database URL. Nothing is opened before first use.

    Every call raises StoreUnavailable while the database is away.
    """

    def __init__(self, home: Path, url: str | None = None, now_us: Callable[[], int] = clock_us) -> None:
        self.engine = StoreEngine(home, url)
        self.url = url
        self.now_us = now_us

    @cached_property
    def writer(self) -> Writer:
        """The writer of this process."""
        return Writer(self.engine, self.now_us)

    @property
    def waiting(self) -> int:
        """Rows of this process that wait for their commit."""
        return self.writer.waiting if self._has_writer() else 0

    def config(self) -> FunnelConfig | None:
        """The configuration of the folder loaded last; None if none was loaded."""
        with self.engine.reading() as connection:
            config = stored_config(connection)
        return None if config is None else from_dict(config)

    def data_end_us(self, now_us: int) -> int | None:
        """The end of the data up to now_us, the default as_of; None for an empty store."""
        with self.engine.reading() as connection:
            return data_end_us(connection, now_us)

    def late_row_warnings(self, end_us: int, now_us: int) -> list[Warning]:
        """`late_rows` for each table with rows between the end of the data and now_us."""
        with self.engine.reading() as connection:
            return late_row_warnings(connection, end_us, now_us)

    def read_all(
        self, as_of_us: int, config: FunnelConfig | None = None, *, with_ids: bool = True
    ) -> History:
        """The whole history as visible at as_of_us, with costs; config None is that of the folder loaded last.

        with_ids=False leaves out the ids of interactions, which no figure needs.
        """
        rows = self.read_rows(as_of_us, with_ids=with_ids)
        return rows.history(config or self.config() or FunnelConfig())

    def read_rows(self, as_of_us: int, *, with_ids: bool = True) -> StoredRows:
        """All rows of the leads created by as_of_us, of which histories under several configurations can be made."""
        end_us = self.data_end_us(self.now_us()) or 0
        with self.engine.reading() as connection:
            leads = all_leads(connection, as_of_us, end_us, with_ids)
            return StoredRows(as_of_us, leads, _costs(connection, as_of_us))

    def count_leads(self) -> int:
        """Number of stored leads."""
        with self.engine.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(db.leads)).scalar() or 0)

    def last_lead_no(self) -> int:
        """The number of the lead that was stored last; 0 for an empty store."""
        with self.engine.reading() as connection:
            return int(connection.execute(select(func.max(db.leads.c.lead_no))).scalar() or 0)

    def close(self) -> None:
        """Commits queued writes and closes the database."""
        if self._has_writer():
            self.writer.close()
        self.engine.close()

    def _has_writer(self) -> bool:
        return "writer" in self.__dict__  # where cached_property keeps it: asking must not start one


def _costs(connection: Connection, as_of_us: int) -> Costs | None:
    table = db.costs
    query = select(table).where(table.c.start_us <= as_of_us).order_by(table.c.cost_no)
    rows = connection.execute(query).all()
    if not rows:
        return None
    _, start_us, end_us, amount, channel, source = zip(*rows, strict=True)
    return Costs(
        np.array(start_us, dtype=np.int64),
        np.array(end_us, dtype=np.int64),
        np.array(amount, dtype=np.float64),
        one_spelling(factor(channel)),
        one_spelling(factor(source)),
    )
