"""What the sellers of the training data do: outbound interactions, as suggestions try them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class UsualTouch:
    """A kind of interaction that mostly comes from the sellers, with its usual channel and median value."""

    kind: str
    channel: str | None = None
    value: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "UsualTouch":
        """The inverse of to_dict."""
        return cls(content["kind"], content["channel"], content["value"])
