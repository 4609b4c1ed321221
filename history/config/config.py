"""The configuration of a funnel: how its leads are read and scored; a model carries the one it was trained with."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from history.base.errors import InvalidInput
from history.text.outcome_words import OutcomeWords

CONFIG_FILE: Final = "funnel.toml"
GRADES: Final[Mapping[str, float]] = {"A": 0.10, "B": 0.20, "C": 0.30, "D": 0.40}
ALL_TABLES: Final = ""  # the key of formats that hold for every table without its own


@cache
def zone_of(name: str) -> ZoneInfo:
    """The zone of an IANA name; raises OSError, ValueError or KeyError for any other text."""
    return ZoneInfo(name)


@dataclass(frozen=True)
class FunnelConfig:
    """How one funnel is read and scored. A model carries the one it was trained with.

    stages are the open stages in order; empty until given or inferred. Entering one of won_stages or lost_stages is an
    outcome, beside the usual words (history/outcomes/closing_stages.py). columns maps table -> canonical name -> the
    file's; outcome_words a state -> the file's words for it; formats a table or ALL_TABLES -> datetime and decimal.
    attribute_types maps an attribute to its kind; attributes of identity are shown, never learned. display is as set;
    history/config/display.py guesses the rest. features maps a name to its settings, as
    history/config/declared_features.py reads them. inferred lists the keys that funnel.toml does not set.
    """

    name: str = "funnel"
    currency: str | None = None
    timezone: str = "UTC"
    horizon_days: int = 90
    stages: tuple[str, ...] = ()
    won_stages: tuple[str, ...] = ()
    lost_stages: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    outcome_words: OutcomeWords = field(default_factory=dict)
    formats: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    attribute_types: Mapping[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    mutable: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    display: Mapping[str, Any] = field(default_factory=dict)
    features: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    targets: Mapping[str, Any] = field(default_factory=dict)
    grades: Mapping[str, float] = field(default_factory=lambda: dict(GRADES))
    inferred: tuple[str, ...] = ()

    @property
    def horizon_us(self) -> int:
        return self.horizon_days * 86_400_000_000

    def format_of(self, table: str, name: str) -> str | None:
        """The format of a table's times ("datetime") or numbers ("decimal"), None for ISO 8601 and 1234.5."""
        own = self.formats.get(table, {})
        return own.get(name, self.formats.get(ALL_TABLES, {}).get(name))

    @property
    def zone(self) -> ZoneInfo:
        """The zone of times without an offset, and of calendar periods."""
        return zone_of(self.timezone)


def to_dict(config: FunnelConfig) -> dict[str, Any]:
    """The configuration as JSON-ready values; from_dict turns it back into an equal one."""
    return {key: _plain(value) for key, value in asdict(config).items()}


def from_dict(values: Mapping[str, Any]) -> FunnelConfig:
    """The configuration that to_dict wrote; raises InvalidInput for an unknown key."""
    known = {f.name for f in fields(FunnelConfig)}
    if unknown := sorted(set(values) - known):
        raise InvalidInput(f"the configuration has unknown keys: {', '.join(unknown)}")
    settings: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    if "groups" in settings:
        settings["groups"] = {name: tuple(stages) for name, stages in settings["groups"].items()}
    if "outcome_words" in settings:
        settings["outcome_words"] = {
            state: tuple(words) for state, words in settings["outcome_words"].items()
        }
    return FunnelConfig(**settings)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
