"""Changes of leads from versions of their records, where an export has no tracked changes."""

from typing import Final

from connectors.odoo.changes.fields import ACTIVE, OWN_TYPES
from connectors.odoo.changes.tracking import Change
from connectors.odoo.crm import Crm
from connectors.odoo.relations import references, texts
from connectors.reading.export import column
from connectors.reading.versions import version_changes
from connectors.reading.words import is_true

LINKS: Final = tuple(name for name, type_ in OWN_TYPES.items() if type_ == "many2one")
PLAIN: Final = ("expected_revenue", "date_deadline")


def changes_of_versions(crm: Crm) -> list[Change]:
    """The changes between the versions of each lead, in order of lead and time."""
    versions = crm.versions
    if not len(versions):
        return []
    record = crm.places(column(versions, "id").to_pylist())
    links = {name: references(versions, name) for name in LINKS}
    ids = {name: link.ids() for name, link in links.items()}
    values = {name: link.names(crm.names.get(name, {})) for name, link in links.items()}
    values |= {name: texts(versions, name) for name in (*PLAIN, *crm.attribute_columns())}
    words = {True: "true", False: "false", None: None}
    values[ACTIVE] = [words[is_true(text)] for text in column(versions, ACTIVE).to_pylist()]
    none = [None] * len(versions)
    return [
        Change(
            change.record, change.us, change.column,
            values[change.column][change.before], values[change.column][change.after],
            ids.get(change.column, none)[change.before], ids.get(change.column, none)[change.after],
        )
        for change in version_changes(crm.export, versions, record, list(values))
    ]  # fmt: skip
