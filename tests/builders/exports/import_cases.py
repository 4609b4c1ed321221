"""Every system and each shape of its exports: how a simulated CRM is exported, and with which options it comes in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from connectors.run import Imported
from tests.builders.exports import dynamics as dynamics_export
from tests.builders.exports.event_stream import user_id
from tests.builders.exports.imported_folder import TO_THE_SECOND, Spelling, bring_in
from tests.builders.exports.mapping import mapping_of
from tests.builders.exports.marketo import person_id
from tests.builders.exports.pardot import prospect_id
from tests.builders.exports.simulated_crm import World

DEALS = ("dynamics", "hubspot", "odoo", "pipedrive", "salesforce")
PERSONS = {
    "amplitude": user_id, "ga4": user_id, "marketo": person_id, "pardot": prospect_id, "segment": user_id,
}  # fmt: skip
# Exports of the user interface: present values and present stages, without the history of either.
OF_THE_INTERFACE = ("interface", "list", "reports", "view")


@dataclass(frozen=True)
class Case:
    """One shape of one system."""

    system: str
    shape: str

    def __str__(self) -> str:
        return f"{self.system}-{self.shape}"

    @property
    def has_history(self) -> bool:
        return self.shape not in OF_THE_INTERFACE or self.system in ("marketo", "pardot")

    def mapping_of(self, export: Path) -> Path | None:
        """The file for --mapping of an export, None if the system needs none."""
        return mapping_of(export) if self.system == "mapping" else None

    def export(self, world: World, folder: Path) -> None:
        self._builder.export(world, self.shape, folder)

    def bring_in(self, export: Path, output: Path) -> Imported:
        return bring_in(self.system, export, output, self.mapping_of(export), **self.options)

    def lead_id(self, lead_id: str) -> str:
        """The id of a lead after the import."""
        name = PERSONS.get(self.system)
        return str(name(lead_id) if name else self._builder.deal_id(lead_id))

    def spelling(self, precision: int = TO_THE_SECOND) -> Spelling:
        """How an import writes the truth."""
        builder = self._builder
        if self.system == "dynamics":
            return dynamics_export.spelling(precision, self.shape)
        stages = builder.STAGES if self.system in ("marketo", "pardot") else builder.STAGE_LABELS
        return Spelling(self.lead_id, stages, getattr(builder, "KINDS", {}), precision)

    @property
    def options(self) -> Mapping[str, Any]:
        """Options of connectors.reading.options.ReadOptions."""
        options: Mapping[str, Any] = getattr(self._builder, "OPTIONS", {})
        return options

    @property
    def command_options(self) -> list[str]:
        """The same for the command."""
        return list(_texts(self.options))

    @property
    def _builder(self) -> Any:
        return import_module(f"tests.builders.exports.{self.system}")


def _texts(options: Mapping[str, Any]) -> Iterator[str]:
    for name, value in options.items():
        for text in value if isinstance(value, tuple) else (value,):
            yield from (f"--{name.removesuffix('s') if name == 'stages' else name}", text)


CASES = [
    Case(system, shape)
    for system in sorted((*DEALS, *PERSONS, "mapping"))
    for shape in import_module(f"tests.builders.exports.{system}").SHAPES
]
