"""How people see a lead: a name and a line of details from its columns, its e-mail address, phone number and link.

`[display]` of funnel.toml sets them; what it leaves open is guessed from the usual names of columns.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import quote

DISPLAY_KEYS: Final = ("name", "detail", "compare_owners", "email", "phone", "url", "attention_per_owner")
ATTENTION_PER_OWNER: Final = 20
MOST_PER_OWNER: Final = 10_000
TEMPLATES: Final = ("name", "detail", "url")
LEAD_ID: Final = "lead_id"

# Usual names of columns in the languages of CRMs, without case and separators; the most telling first.
_DEAL: Final = (
    "dealname",
    "deal",
    "opportunityname",
    "opportunity",
    "leadname",
    "subject",
    "geschäft",
    "affaire",
)
_COMPANY: Final = (
    "company", "companyname", "organization", "organisation", "organizationname", "accountname", "account",
    "business", "firma", "firmenname", "unternehmen", "kunde", "entreprise", "société", "empresa", "azienda",
    "società", "bedrijf", "cég", "cégnév", "公司", "公司名称", "会社名", "企業名",
)  # fmt: skip
_PERSON: Final = (
    "contactname", "contact", "fullname", "personname", "name", "ansprechpartner", "kontakt", "contactperson",
    "nom", "nombre", "nome", "naam", "név", "姓名", "氏名", "名前",
)  # fmt: skip
_FIRST_NAME: Final = (
    "firstname",
    "givenname",
    "vorname",
    "prénom",
    "prenom",
    "nombres",
    "voornaam",
    "keresztnév",
)
_LAST_NAME: Final = (
    "lastname", "surname", "familyname", "nachname", "nomdefamille", "apellido", "apellidos", "cognome",
    "sobrenome", "achternaam", "nazwisko", "vezetéknév",
)  # fmt: skip
_PLACE: Final = (
    "city",
    "town",
    "stadt",
    "ort",
    "ville",
    "ciudad",
    "cidade",
    "città",
    "plaats",
    "miasto",
    "város",
)
_EMAIL: Final = ("email", "emailaddress", "mail", "emailadresse", "courriel", "correo", "correoelectrónico")
_PHONE: Final = (
    "phone", "phonenumber", "telephone", "mobile", "mobilephone", "telefon", "telefonnummer", "téléphone",
    "teléfono", "telefone", "telefono", "telefoon", "电话", "電話番号",
)  # fmt: skip
_USUAL: Final = frozenset((*_DEAL, *_COMPANY, *_PERSON, *_FIRST_NAME, *_LAST_NAME, *_PLACE, *_EMAIL, *_PHONE))
_SEPARATORS: Final = re.compile(r"[\W_]+")
_FIELD: Final = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Display:
    """The templates by which people see a lead, columns in braces; of several, the first with a value counts.

    details are groups of which each adds one value; compare_owners: sales people may be compared. guessed: the settings
    that funnel.toml leaves open.
    """

    names: tuple[str, ...] = ()
    details: tuple[tuple[str, ...], ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    compare_owners: bool = False
    guessed: tuple[str, ...] = ()

    @cached_property
    def name_columns(self) -> tuple[str, ...]:
        """The columns of the names, each once; lead_id may be among them."""
        return tuple(dict.fromkeys(column for text in self.names for column in fields_of(text)))

    def name_of(self, value_of: Callable[[str], str | None]) -> str | None:
        """The name of a lead from its current values by column."""
        return _text(_first_filled(self.names, value_of))

    def seen(self, value_of: Callable[[str], str | None]) -> "Seen":
        """A lead as people see it, from its current values by column."""
        name = _first_filled(self.names, value_of)
        details = [_first_filled(group, value_of) for group in self.details]
        shown = [detail.text for detail in details if detail is not None and detail != name]
        return Seen(
            _text(name),
            ", ".join(shown) or None,
            _text(_first_filled(self.emails, value_of)),
            _text(_first_filled(self.phones, value_of)),
            _text(_first_filled(self.urls, lambda column: quote(value_of(column) or "", safe=""))),
        )


class Seen(NamedTuple):
    """A lead as people see it; None for what no column gives."""

    name: str | None
    detail: str | None
    email: str | None
    phone: str | None
    url: str | None


class _Filled(NamedTuple):
    template: str
    text: str


def _first_filled(templates: Sequence[str], value_of: Callable[[str], str | None]) -> _Filled | None:
    for template in templates:
        text = filled(template, value_of)
        if text is not None:
            return _Filled(template, text)
    return None


def _text(found: _Filled | None) -> str | None:
    return None if found is None else found.text


def fields_of(template: str) -> list[str]:
    """The columns that a template names in braces."""
    return _FIELD.findall(template)


def filled(template: str, value_of: Callable[[str], str | None]) -> str | None:
    """The template with its columns' values; None if no column has one.

    A separator stands only between two values: "{contact}, {city}" without a city is the contact alone.
    """
    parts, end = _parts(template)
    text, has_value = "", False
    for place, (literal, column) in enumerate(parts):
        value = value_of(column)
        has_value = bool(value)
        if value:
            text += value if place and not text else literal + value
    if not text:
        return None
    return text + end if has_value else text


class _Parts(NamedTuple):
    """The columns of a template, each with the text before it, and the text after the last."""

    columns: tuple[tuple[str, str], ...]
    end: str


@lru_cache(maxsize=1024)
def _parts(template: str) -> _Parts:
    *parts, end = _FIELD.split(template)
    return _Parts(tuple(zip(parts[::2], parts[1::2], strict=True)), end)


def leads_per_owner(settings: Mapping[str, Any]) -> int:
    """How many leads of one owner need attention at most, by the settings of `[display]`."""
    return int(settings.get("attention_per_owner", ATTENTION_PER_OWNER))


def display_of(settings: Mapping[str, Any], columns: Sequence[str]) -> Display:
    """The display of leads with these columns: as `[display]` sets it, else guessed."""
    # Others would only make more combinations of columns, each of which is guessed once.
    return _display(tuple(sorted(settings.items())), tuple(filter(is_usual, columns)))


@lru_cache(maxsize=4096)
def is_usual(column: str) -> bool:
    """True for a column with a usual name, from which the display is guessed."""
    return _key(column) in _USUAL


@lru_cache(maxsize=1024)
def _display(settings: tuple[tuple[str, Any], ...], columns: tuple[str, ...]) -> Display:
    chosen = dict(settings)
    guess = _guess(columns)
    guesses = {"name": guess.names, "detail": guess.details, "email": guess.emails, "phone": guess.phones}
    return Display(
        names=(chosen["name"],) if "name" in chosen else guess.names,
        details=((chosen["detail"],),) if "detail" in chosen else guess.details,
        emails=_columns(chosen, "email", guess.emails),
        phones=_columns(chosen, "phone", guess.phones),
        urls=(chosen["url"],) if "url" in chosen else (),
        compare_owners=chosen.get("compare_owners", False),
        guessed=tuple(name for name, templates in guesses.items() if name not in chosen and templates),
    )


def _columns(chosen: Mapping[str, Any], name: str, guess: tuple[str, ...]) -> tuple[str, ...]:
    return (f"{{{chosen[name]}}}",) if name in chosen else guess


def _key(column: str) -> str:
    return _SEPARATORS.sub("", column.casefold())


def _guess(columns: Sequence[str]) -> Display:
    company, person, place = (_matching(columns, words) for words in (_COMPANY, _PERSON, _PLACE))
    full_name = (*_matching(columns, _FIRST_NAME)[:1], *_matching(columns, _LAST_NAME)[:1])
    people = (*person, *((" ".join(full_name),) if full_name else ()))
    return Display(
        names=(*_matching(columns, _DEAL), *company, *people),
        details=tuple(group for group in (company, people, place) if group),
        emails=_matching(columns, _EMAIL),
        phones=_matching(columns, _PHONE),
    )


def _matching(columns: Sequence[str], words: Sequence[str]) -> tuple[str, ...]:
    """The columns among the words as templates, in the order of the words."""
    by_key: dict[str, list[str]] = {}
    for column in columns:
        by_key.setdefault(_key(column), []).append(column)
    return tuple(f"{{{column}}}" for word in words for column in by_key.get(word, ()))
