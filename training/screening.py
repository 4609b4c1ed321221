"""Screening: the attributes of a history that a training leaves out, because they leak the outcome."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from history.base.engine import Engine
from history.base.warnings import Warning
from history.history import History
from training.audit.audit import audit, mutable_by_evidence, suspects
from training.audit.misread_kinds import misread


@dataclass(frozen=True)
class ScreenedHistory:
    """A history without the attributes that leak.

    findings: of the leakage audit, with evidence. misread: warnings about attributes read as
    categories although they hold numbers or dates.
    """

    history: History
    findings: list[Warning]
    misread: list[Warning]


def screen(history: History, keep: Sequence[str], engine: Engine | None = None) -> ScreenedHistory:
    """Leaves out the attributes that are suspected of leaking the outcome, except those in `keep`.

    They are also added to the configuration's ignore list, which the bundle takes over; columns with the value of today
    are added to its mutable list, so that only their changes are read. Raises InvalidInput if `keep`
    names an unknown attribute.
    """
    findings = audit(history, engine)
    columns = history.attributes.keys() | set(history.changes.attribute.values)
    dropped = suspects(findings, keep, columns)
    warnings = [warning for warning in misread(history) if warning.subject not in dropped]

    config = history.config
    ignored = tuple(dict.fromkeys((*config.ignore, *dropped)))
    mutable = (*config.mutable, *mutable_by_evidence(findings, keep))
    attributes = {name: column for name, column in history.attributes.items() if name not in dropped}
    screened = replace(
        history, config=replace(config, ignore=ignored, mutable=mutable), attributes=attributes
    )
    return ScreenedHistory(screened, findings, warnings)
