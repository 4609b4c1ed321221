"""Screening: the attributes of a history that a training leaves out, because they leak the outcome."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from history.history import History
from history.warnings import Warning
from training.audit.audit import audit, suspects
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


def screen(history: History, keep: Sequence[str]) -> ScreenedHistory:
    """Leaves out the attributes that are suspected of leaking the outcome, except those in `keep`.

    They are also added to the configuration's ignore list, which the bundle takes over. Raises InvalidInput if `keep`
    names an unknown attribute.
    """
    findings = audit(history)
    columns = history.attributes.keys() | set(history.changes.attribute.values)
    dropped = suspects(findings, keep, columns)
    warnings = [warning for warning in misread(history) if warning.subject not in dropped]

    ignored = tuple(dict.fromkeys((*history.config.ignore, *dropped)))
    attributes = {name: column for name, column in history.attributes.items() if name not in dropped}
    screened = replace(history, config=replace(history.config, ignore=ignored), attributes=attributes)
    return ScreenedHistory(screened, findings, warnings)
