"""--object lead: each lead of Dynamics is a lead, its status reason the stage, its qualification the win."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Final

import numpy as np
import pyarrow as pa

from connectors.deals.attributes import Changes
from connectors.deals.deals import LOST, NO_TIME, OPEN, WON, Deals, Moves, deal_tables, times
from connectors.deals.paths import Labels, Life, Turn, path_moves
from connectors.deals.records import exported_at, newest_records, with_creation, with_good_ids
from connectors.deals.stage_table import StageRow, StageTable, stage_table
from connectors.dynamics.activities import interactions
from connectors.dynamics.audit import Change, changes_of_versions, read_changes
from connectors.dynamics.guids import Text, guids, labels, links
from connectors.dynamics.leads import LEAD_RECORDS, OF_LEAD, label_map
from connectors.dynamics.objects import LEAD
from connectors.dynamics.org import Org, read_users
from connectors.folder.tables import Result, Sink
from connectors.reading.export import Export, column
from connectors.reading.ids import survivors_of
from connectors.reading.lacks import stage_lack
from history.base.arrays import Flags, Ints, Mask
from history.base.errors import InvalidInput
from history.text.folding import folded

STATE, REASON = "statecode", "statuscode"
# The states by number, and their labels in the languages of CRMs.
_WORDS: Final = {
    OPEN: "0 open offen ouvert ouverte abierto aberto aperto otwarty",
    WON: "1 qualified qualifiziert qualifié calificado cualificado qualificado qualificato gekwalificeerd",
    LOST: "2 disqualified disqualifiziert disqualifié descalificado desqualificado squalificato gediskwalificeerd",
}
STATES: Final = {word: state for state, words in _WORDS.items() for word in words.split()}
CLOSING: Final = {WON: "Qualified", LOST: "Disqualified"}
# The status reasons that every organisation has, by number.
REASONS: Final = {
    "1": "New", "2": "Contacted", "3": "Qualified", "4": "Lost", "5": "Cannot Contact", "6": "No Longer Interested",
    "7": "Canceled",
}  # fmt: skip
OF_REASON: Final = {"New": OPEN, "Contacted": OPEN, "Qualified": WON, **dict.fromkeys(
    ("Lost", "Cannot Contact", "No Longer Interested", "Canceled"), LOST)}  # fmt: skip
ATTRIBUTES: Final = {"ownerid": "owner", "leadsourcecode": "source", "industrycode": "industry"}
OTHER_TABLES: Final = (
    "opportunityclose",
    "businessprocessflow",
    "processstage",
    "account",
    "transactioncurrency",
)


def convert_leads(export: Export, sink: Sink) -> Result:
    """Gives the tables of an export to the sink; raises InvalidInput with every problem found."""
    org, survivors = _read_leads(export)
    audited = read_changes(org, {}) or changes_of_versions(org)
    exported_us = max((c.us for c in audited if c.us <= export.options.now_us), default=org.exported_us)
    exported_us = max(exported_us, org.exported_us)
    statuses = _statuses(org, audited)
    deals = _deals(org, statuses)
    tables = deal_tables(deals, _moves(org, statuses, audited, deals), exported_us)
    export.lack(stage_lack(export.system, tables.stages))
    changes = _attribute_changes(org, audited)
    leads = _lead_table(org, changes)
    for kind in OTHER_TABLES:
        for batch in export.batches(kind):
            export.leave(batch, "of_another_object", np.ones(len(batch), dtype=np.bool_))
    export.ignore_trapped()

    sink.erase([id_ for id_ in org.erased if id_ not in survivors])
    sink.merge(survivors)
    sink.leads(leads, exported_us, set(changes.attribute))
    sink.add("stages", tables.stages)
    sink.add("outcomes", tables.outcomes)
    sink.add("attribute_changes", changes.table(org.ids))
    for batch in interactions(org, {}):
        sink.add("interactions", batch)
    identity = tuple(name for name in OF_LEAD if name in leads.column_names)
    return Result("lead", None, statuses.table.order, identity, exported_us)


def _read_leads(export: Export) -> tuple[Org, dict[str, str]]:
    """The leads of an export, and the survivor of each merged one."""
    _refuse_incomplete(export)
    records = newest_records(export, with_good_ids(export, export.table("lead"), LEAD_RECORDS), LEAD_RECORDS)
    ids = guids(column(records.current, "leadid")).to_pylist()
    masters = links(records.current, "masterid").ids
    survivors = survivors_of((id_, master) for id_, master in zip(ids, masters, strict=True) if master)
    merged = np.array([id_ in survivors for id_ in ids], dtype=np.bool_)
    current = export.leave(records.current, "merged_into_another_lead", merged)
    current = with_creation(export, current, LEAD_RECORDS)
    own = guids(column(current, "leadid")).to_pylist()
    place = {id_: row for row, id_ in enumerate(own)}
    org = Org(
        export=export, opportunities=current, versions=records.versions,
        erased=tuple(guids(pa.array(records.erased, pa.string())).to_pylist()),
        created_us=export.times(current, "createdon").us,
        exported_us=exported_at(export, [(current, ("createdon", "modifiedon"))]),
        ids=own, users=read_users(export), accounts={},
        by_id=place | {old: place[new] for old, new in survivors.items() if new in place}, kind=LEAD,
    )  # fmt: skip
    return org, survivors


def _refuse_incomplete(export: Export) -> None:
    problems = []
    if not export.has("lead"):
        files = ", ".join(f"{known.source.file} ({known.kind.name})" for known in export.sources)
        problems.append(
            f"the export has no table of leads with their ids: export lead beside {files}, or omit --object lead."
        )
    if export.options.pipeline is not None:
        problems.append(
            f"--pipeline {export.options.pipeline}: leads of Dynamics are in no pipelines; omit it."
        )
    if problems:
        raise InvalidInput(problems)


# ---- statuses


@dataclass(frozen=True)
class _Statuses:
    """The status reason of each lead (n,) today, its state, the labels of audited values, and all of them."""

    present: Sequence[Text]
    state: Flags
    names: Mapping[str, str]
    table: StageTable

    def label(self, value: Text) -> Text:
        return self.names.get(_code(value), value)


def _statuses(org: Org, audited: Sequence[Change]) -> _Statuses:
    """Every status reason with its state; raises InvalidInput for a name of --won or --lost that is none."""
    names = REASONS | _choice_labels(org, REASON)
    present = [names.get(_code(text), text) for text in labels(org.opportunities, REASON)]
    state = _states(org, present)
    of_label = OF_REASON | {
        label: value for label, value in zip(present, state.tolist(), strict=True) if label is not None
    }
    values = [value for c in audited if c.column == REASON for value in (c.old, c.new)]
    listed = list(dict.fromkeys(filter(None, (*present, *(names.get(_code(v), v) for v in values)))))
    listed += [label for label in CLOSING.values() if label not in listed]
    code_of = {label: code for code, label in names.items()}
    rows = [
        StageRow(label, label, None, _rank(code_of.get(label)), of_label.get(label, _closing_state(label)))
        for label in listed
    ]
    return _Statuses(present, state, names, stage_table(rows, listed, org.export.options))


def _choice_labels(org: Org, name: str) -> dict[str, str]:
    """The labels of a choice's codes, from the rows that have both."""
    codes = column(org.opportunities, name).to_pylist()
    pairs = zip(codes, labels(org.opportunities, name), strict=True)
    return {_code(code): label for code, label in pairs if code and label and label != code}


def _code(text: Text) -> str:
    return (text or "").removesuffix(".0")


def _rank(code: str | None) -> float:
    return float(code) if code is not None and code.isdigit() else np.nan


def _closing_state(label: str) -> int | None:
    return next((state for state, name in CLOSING.items() if name == label), None)


def _states(org: Org, present: Sequence[Text]) -> Flags:
    """The state of each lead (n,): by its status, else by its status reason; linked to an opportunity, it is won."""
    own, named = column(org.opportunities, STATE).to_pylist(), labels(org.opportunities, STATE)
    deal = links(org.opportunities, "qualifyingopportunityid").record_keys()
    states = []
    for code, label, reason, qualified in zip(own, named, present, deal, strict=True):
        words = [STATES.get(folded(_code(text))) for text in (code, label)]
        by_reason = OF_REASON.get(reason or "", WON if qualified else OPEN)
        states.append(next((state for state in words if state is not None), by_reason))
    return np.array(states, dtype=np.int8)


def _deals(org: Org, statuses: _Statuses) -> Deals:
    codes = statuses.table.codes(statuses.present)
    chosen = np.isin(codes, list(statuses.table.chosen))
    state = np.where(chosen, statuses.table.states_of(codes), statuses.state).astype(np.int8)
    n = len(org.ids)
    closed_us = np.where(state == WON, _qualified_us(org), NO_TIME)
    return Deals(
        org.ids, org.created_us, state, codes, np.full(n, NO_TIME), closed_us, np.full(n, np.nan), statuses.present,
    )  # fmt: skip


def _qualified_us(org: Org) -> Ints:
    """When each lead (n,) became an opportunity of the export, NO_TIME if none did."""
    export, us = org.export, np.full(len(org.ids), NO_TIME)
    table = export.table("opportunity")
    of_deal = {
        key: row
        for row, key in enumerate(links(org.opportunities, "qualifyingopportunityid").record_keys())
        if key
    }
    ids = guids(column(table, "opportunityid")).to_pylist()
    origin = org.places(links(table, "originatingleadid").record_keys())
    lead = np.array(
        [place if place >= 0 else of_deal.get(id_ or "", -1) for place, id_ in zip(origin, ids, strict=True)],
        dtype=np.int64,
    )
    created = export.times(table, "createdon")
    known: Mask = (lead >= 0) & created.known
    us[lead[known]] = created.us[known]
    export.use(export.leave(table, "of_another_object", ~known))
    return us


# ---- moves


def _moves(org: Org, statuses: _Statuses, audited: Sequence[Change], deals: Deals) -> Moves:
    all_labels = Labels(statuses.table.labels, statuses.table.states, CLOSING)
    return path_moves(_lives(org, statuses, audited, deals), all_labels)


def _lives(org: Org, statuses: _Statuses, audited: Sequence[Change], deals: Deals) -> Iterator[Life]:
    """The life of each lead with an audited status; of an open one without, its present status since the creation.

    Status and status reason change together: the reason tells both.
    """
    of_lead = {lead: list(rows) for lead, rows in groupby(audited, key=attrgetter("deal"))}
    is_audited = any(change.column in (STATE, REASON) for change in audited)
    for lead, created in enumerate(org.created_us.tolist()):
        rows = of_lead.get(lead, [])
        moved = [change for change in rows if change.column == REASON]
        if moved:
            turns = [Turn(change.us, stage=statuses.label(change.new)) for change in moved]
            yield Life(lead, created, statuses.label(moved[0].old or moved[0].new), turns)
            continue
        turned = [Turn(c.us, state=STATES.get(folded(_code(c.new)), OPEN)) for c in rows if c.column == STATE]
        if turned or (is_audited and deals.state[lead] == OPEN):
            yield Life(lead, created, statuses.present[lead] if deals.state[lead] == OPEN else None, turned)


# ---- attributes


def _attribute_changes(org: Org, audited: Sequence[Change]) -> Changes:
    own = set(org.attribute_columns())
    names = {name: label_map(org, name) for name in own} | {
        name: _choice_labels(org, name) for name in ATTRIBUTES
    }
    names["ownerid"] = org.users
    changes = Changes()
    for change in audited:
        attribute = ATTRIBUTES.get(change.column) or (change.column if change.column in own else None)
        if attribute is not None:
            old, new = (names[change.column].get(text or "") or text for text in (change.old, change.new))
            if old != new:
                changes.add(change.deal, change.us, attribute, old, new)
    return changes


def _lead_table(org: Org, changes: Changes) -> pa.Table:
    """What was known of each lead at its creation, as far as the export tells."""
    table = org.opportunities
    columns: dict[str, list[Text]] = {
        "owner": links(table, "ownerid").named(org.users),
        "source": labels(table, "leadsourcecode"),
        "industry": labels(table, "industrycode"),
        **{label: column(table, name).to_pylist() for label, name in OF_LEAD.items()},
    }
    for name in org.attribute_columns():
        known = label_map(org, name)
        columns[name] = [known.get(text or "", text) for text in column(table, name).to_pylist()]
    for name, by_lead in changes.at_creation().items():
        values = columns.setdefault(name, [None] * len(org.ids))
        for place, value in by_lead.items():
            values[place] = value
    rows = {"lead_id": pa.array(org.ids, pa.string()), "created_at": times(org.created_us)}
    return pa.table(rows | {name: pa.array(v, pa.string()) for name, v in columns.items() if any(v)})
