"""One column of the feature matrix: its name, unit, direction and the phrase that names it to a salesperson."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

NO_VALUE = "no value"
LONGEST_SHOWN = 60  # characters of a data name inside a sentence
CUSTOM_FIELD = re.compile(r"(?:[A-Za-z0-9]+__)?(?P<field>[A-Za-z0-9](?:_?[A-Za-z0-9])*)__p?c")
LONGEST_SLUG = 40  # characters of a data name inside a column name


@dataclass(frozen=True)
class Feature:
    """A column of the feature matrix.

    kind: number or category (own codes: 0 missing, 1 rare or unseen, from 2 known).
    direction: +1 or -1 if more surely helps or hurts in any funnel, else 0.
    phrase: the noun phrase of a reason, with {value}; missing: the phrase for a missing value.
    subject: the attribute, interaction kind, channel or stage behind the column, as the data names it.
    wording: names the phrase, and terms are the values inside it: what a page in another language makes it of.
    """

    name: str
    unit: str
    kind: str
    direction: int
    block: str
    phrase: str
    missing: str = NO_VALUE
    subject: str = ""
    wording: str = ""
    terms: tuple[tuple[str, str | int], ...] = ()

    def worded(self, wording: str, **terms: str | int) -> "Feature":
        """The feature whose phrase is `wording` with these values inside; by default it has its own name and none."""
        return replace(self, wording=wording, terms=tuple(terms.items()))

    @property
    def of_past_leads(self) -> bool:
        """True for figures of other leads: their number, their odds, or their win rate, which moves with all leads'."""
        if self.block == "attributes":
            return self.unit == "leads" or self.name.endswith("_win_rate")
        return self.block == "combinations"


@dataclass(frozen=True)
class Block:
    """A group of features that one kernel computes; its columns are neighbours in the matrix."""

    name: str

    def number(
        self, name: str, unit: str, phrase: str, *, missing: str = NO_VALUE, subject: str = ""
    ) -> Feature:
        """A numeric column without a direction."""
        return Feature(name, unit, "number", 0, self.name, phrase, missing, subject, name)

    def category(
        self, name: str, unit: str, phrase: str, *, missing: str = NO_VALUE, subject: str = ""
    ) -> Feature:
        """A column of category codes."""
        return Feature(name, unit, "category", 0, self.name, phrase, missing, subject, name)


def spoken(name: str) -> str:
    """The name of a column in words: profile_fit is "profile fit".

    A custom field of Salesforce, such as Profile_Fit__c or crm__ERP_System__c, is without its prefix and ending, in
    lower case but for words like ERP.
    """
    custom = CUSTOM_FIELD.fullmatch(name)
    if custom is None:
        return name.replace("_", " ")
    words = custom["field"].split("_")
    return " ".join(word.lower() if word[1:].islower() or len(word) == 1 else word for word in words)


def shortened(text: str) -> str:
    """A data name inside a sentence, cut to LONGEST_SHOWN."""
    if len(text) > LONGEST_SHOWN:
        return " ".join(text[: LONGEST_SHOWN - 3].split()) + "..."
    return " ".join(text.split())


def quoted(text: str) -> str:
    """A data name inside a template: braces doubled, so that only {value} is replaced; cut to LONGEST_SHOWN."""
    return shortened(text).replace("{", "{{").replace("}", "}}")


def slug(text: str) -> str:
    """A short lower-case ASCII name for any text; texts without Latin letters or digits get a digest."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "_", ascii_text.lower()).strip("_")
    plain = words[:LONGEST_SLUG].strip("_")
    return plain or f"x{digest(text)}"


def digest(text: str) -> str:
    """Six hexadecimal digits that tell two texts apart; data may hold lone surrogates."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]


def slugs(texts: Sequence[str]) -> list[str]:
    """A distinct slug for each text; texts that share one get a digest behind it."""
    plain = [slug(text) for text in texts]
    counts = Counter(plain)
    names = []
    for name, text in zip(plain, texts, strict=True):
        is_unique = counts[name] == 1 or name == text
        names.append(name if is_unique else f"{name}_{digest(text)}")
    return names
