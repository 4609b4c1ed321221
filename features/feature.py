"""One column of the feature matrix: its name, unit, direction, and the sentences that say it to a salesperson."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

IN_FAVOUR = " counts in its favour"
AGAINST = " counts against it"
NO_VALUE = "having no value here"


@dataclass(frozen=True)
class Feature:
    """A column; kind is number or category (own codes: 0 missing, 1 rare or unseen, from 2 known).

    direction is +1 or -1 where more surely helps or hurts in any funnel, or 0. up and down are sentences with {value},
    used when the feature raised or lowered the chance; missing is the phrase that stands there instead when there is no
    value. subject is the attribute, interaction kind, channel or stage that it is about, as the data names it.
    """

    name: str
    unit: str
    kind: str
    direction: int
    block: str
    up: str
    down: str
    missing: str = NO_VALUE
    subject: str = ""

    @property
    def of_past_leads(self) -> bool:
        """Whether it is learned of other leads: their number, or their win rate, which moves with that of all."""
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
    """A feature whose sentences say that `phrase` (a gerund with {value}) counts for the lead, or against it."""
    start = phrase[0].upper() + phrase[1:]
    up, down = start + IN_FAVOUR, start + AGAINST
    return Feature(name, unit, kind, direction, block, up, down, missing, subject)


def quoted(text: str) -> str:
    """A name of the data inside a template: braces doubled, so that only {value} is a place; cut to 60 letters."""
    shown = " ".join(text.split()) if len(text) <= 60 else " ".join(text[:57].split()) + "..."
    return shown.replace("{", "{{").replace("}", "}}")


def slug(text: str) -> str:
    """A short lower-case ASCII name for any text; texts without Latin letters or digits get a digest."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^a-z0-9]+", "_", ascii_text.lower()).strip("_")[:40].strip("_")
    return plain or f"x{digest(text)}"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]


def slugs(texts: Sequence[str]) -> list[str]:
    """A slug for each text, none twice: those that share one get a digest of the text behind it."""
    plain = [slug(text) for text in texts]
    return [
        name if plain.count(name) == 1 or name == text else f"{name}_{digest(text)}"
        for name, text in zip(plain, texts, strict=True)
    ]
