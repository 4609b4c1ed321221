"""The one record of a warning: what commands, reports, scores and the audit of a data folder warn of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Warning:
    """A warning: `code` is its kind (docs list all), `subject` the column, table or setting, `detail` one sentence.

    evidence: the figures behind a finding of the audit or of drift. leads: how many leads carry the warning, if it was
    counted over many.
    """

    code: str
    subject: str
    detail: str
    evidence: Mapping[str, Any] | None = field(default=None, hash=False)
    leads: int | None = None

    def __reduce__(self) -> tuple[type["Warning"], tuple[Any, ...]]:
        # A dataclass with slots pickles through its list of fields: of many leads' scores that took most of the time.
        return Warning, (self.code, self.subject, self.detail, self.evidence, self.leads)

    def to_json(self) -> dict[str, Any]:
        """The keys {code, subject, detail}, and `evidence` or `leads` if the warning has them."""
        record: dict[str, Any] = {"code": self.code, "subject": self.subject, "detail": self.detail}
        if self.evidence is not None:
            record["evidence"] = dict(self.evidence)
        if self.leads is not None:
            record["leads"] = self.leads
        return record


def json_of(warnings: Iterable[Warning]) -> list[dict[str, Any]]:
    """The warnings as a JSON array."""
    return [warning.to_json() for warning in warnings]
