"""One column of the feature matrix: its name, unit, direction, and the phrase that names its value in a reason."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

NO_VALUE = "no value"


@dataclass(frozen=True)
class Feature:
    """A column; kind is "number" or "category" (own codes: 0 missing, 1 rare or unseen, from 2 known).

    direction is +1 or -1 if a larger value helps or hurts in any funnel, else 0. phrase is the subject of the reason's
    sentence, a noun phrase with {value} for the value in words ("the last call {value} ago"); missing replaces it
    if the value is missing. subject is the attribute, interaction kind, channel or stage of the column, as the data
    names it.
    """

    name: str
    unit: str
    kind: str
    direction: int
    block: str
    phrase: str
    missing: str = NO_VALUE
    subject: str = ""

    @property
    def of_past_leads(self) -> bool:
        """True if the column is learned from other leads (their number, their win rate) and moves with them."""
        return self.block == "attributes" and (self.unit == "leads" or self.name.endswith("_win_rate"))


def feature(
    name: str,
    unit: str,
    phrase: str,
    block: str,
    *,
    kind: str = "number",
    direction: int = 0,
    missing: str = NO_VALUE,
    subject: str = "",
) -> Feature:
    """A Feature with the usual defaults."""
    return Feature(name, unit, kind, direction, block, phrase, missing, subject)


def quoted(text: str) -> str:
    """A name of the data inside a phrase: braces doubled, so that only {value} is replaced; at most 60 letters."""
    shown = " ".join(text.split()) if len(text) <= 60 else " ".join(text[:57].split()) + "..."
    return shown.replace("{", "{{").replace("}", "}}")


def slug(text: str) -> str:
    """A short lower-case ASCII name of any text; a text without Latin letters or digits gets a digest."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^a-z0-9]+", "_", ascii_text.lower()).strip("_")[:40].strip("_")
    return plain or f"x{digest(text)}"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]


def slugs(texts: Sequence[str]) -> list[str]:
    """A unique slug for each text: texts that would share one get a digest of the text appended."""
    plain = [slug(text) for text in texts]
    return [
        name if plain.count(name) == 1 or name == text else f"{name}_{digest(text)}"
        for name, text in zip(plain, texts, strict=True)
    ]
