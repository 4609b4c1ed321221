"""Features that funnel.toml declares: `[features.NAME]` as frozen records, checked with all faults at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from history.config.schema import DIRECTIONS

INTERACTIONS: Final = "interactions"
STAGES: Final = "stages"
LEAD: Final = "lead"
ACCOUNT_SCOPE: Final = "account"
OF: Final = (INTERACTIONS, STAGES)
SCOPES: Final = (LEAD, ACCOUNT_SCOPE)
MEASURES: Final = ("count", "sum", "mean", "max", "distinct", "share", "days_since_last", "days_since_first")
OF_VALUES: Final = ("sum", "mean", "max")  # measures of an interaction's value
KEYS: Final = ("of", "kind", "channel", "direction", "stage", "window_days", "measure", "scope")
LONGEST_WINDOW_DAYS: Final = 36_500

Fault = Callable[[str, str], None]  # key, fault


@dataclass(frozen=True)
class DeclaredFeature:
    """One feature of a funnel's own: a measure of the rows that match all filters; an empty filter matches all.

    window_days: rows within so many days before as_of count, None for all rows.
    """

    name: str
    of: str = INTERACTIONS
    kind: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    direction: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    window_days: float | None = None
    measure: str = "count"
    scope: str = LEAD

    def settings(self) -> dict[str, Any]:
        """The settings as JSON-ready values, without the name."""
        values = asdict(self)
        del values["name"]
        return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def declared_features(settings: Mapping[str, Mapping[str, Any]]) -> tuple[DeclaredFeature, ...]:
    """The features of a configuration, in their order; the inverse of `DeclaredFeature.settings`."""
    features = []
    for name, values in settings.items():
        plain: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
        }
        features.append(DeclaredFeature(name, **plain))
    return tuple(features)


def read_declared(section: Mapping[str, Any], fault: Fault) -> dict[str, dict[str, Any]]:
    """`[features]` of funnel.toml -> the settings of each feature; faults go to `fault`."""
    features = {}
    for name, values in section.items():
        if not isinstance(values, Mapping):
            fault(f"features.{name}", f"must be a table, got {values!r}")
            continue
        features[name] = _read(f"features.{name}", name, values, fault)
    return features


def _read(prefix: str, name: str, values: Mapping[str, Any], fault: Fault) -> dict[str, Any]:
    for key in sorted(set(values) - set(KEYS)):
        fault(f"{prefix}.{key}", f"is not a known key; known are {', '.join(KEYS)}")
    filters = {key: _texts(prefix, values, key, fault) for key in ("kind", "channel", "direction", "stage")}
    feature = DeclaredFeature(
        name,
        of=_one_of(prefix, values, "of", OF, fault),
        **filters,
        window_days=_window(prefix, values, fault),
        measure=_one_of(prefix, values, "measure", MEASURES, fault),
        scope=_one_of(prefix, values, "scope", SCOPES, fault),
    )
    _check_together(prefix, feature, fault)
    return feature.settings()


def _one_of(prefix: str, values: Mapping[str, Any], key: str, choices: Sequence[str], fault: Fault) -> str:
    value = values.get(key, choices[0])
    if value in choices:
        return str(value)
    fault(f"{prefix}.{key}", f"must be one of {', '.join(choices)}, got {value!r}")
    return choices[0]


def _texts(prefix: str, values: Mapping[str, Any], key: str, fault: Fault) -> tuple[str, ...]:
    value = values.get(key, [])
    texts = [value] if isinstance(value, str) else value
    if isinstance(texts, list) and all(isinstance(text, str) and text.strip() for text in texts):
        return tuple(texts)
    fault(f"{prefix}.{key}", f"must be a text or a list of texts, got {value!r}")
    return ()


def _window(prefix: str, values: Mapping[str, Any], fault: Fault) -> float | None:
    days = values.get("window_days")
    if days is None:
        return None
    if isinstance(days, int | float) and not isinstance(days, bool) and 0 < days <= LONGEST_WINDOW_DAYS:
        return float(days)
    fault(f"{prefix}.window_days", f"must be a number above 0, at most {LONGEST_WINDOW_DAYS:,}, got {days!r}")
    return None


def _check_together(prefix: str, feature: DeclaredFeature, fault: Fault) -> None:
    if feature.of == STAGES:
        for key in ("kind", "channel", "direction"):
            if getattr(feature, key):
                fault(f"{prefix}.{key}", 'is of interactions only; stages are chosen by "stage"')
        if feature.measure in OF_VALUES:
            fault(f"{prefix}.measure", f"{feature.measure} needs values, which stages do not have")
    elif feature.stage:
        fault(f"{prefix}.stage", 'is of stages only: set of = "stages"')
    if unknown := sorted(set(feature.direction) - set(DIRECTIONS)):
        fault(f"{prefix}.direction", f"must be {' or '.join(DIRECTIONS)}, got {unknown[0]!r}")
