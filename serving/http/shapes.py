"""What a request record may hold, said once: read fast, explained in full when wrong, described in OpenAPI."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from history.values import LARGEST_NUMBER
from serving.base.limits import MAX_KEY, MAX_TEXT
from serving.base.problems import error

MAX_NUMBER = 1.7976931348623157e308

Kind = Literal[
    "id", "name", "key", "text", "time", "number", "scalar", "choice", "scalars", "rows", "record", "any"
]
_NUMBER = Annotated[float, Meta(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
_SCALAR = str | int | float | bool | None
_TYPES: dict[str, Any] = {
    "id": Annotated[str, Meta(min_length=1, max_length=MAX_TEXT, pattern=r"\S")],
    "name": Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)],
    "key": Annotated[str, Meta(max_length=MAX_KEY)],
    "text": str,
    "time": Annotated[str, Meta(min_length=20, max_length=40)],
    "number": _NUMBER,
    "scalar": _SCALAR,
    "scalars": dict[Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)], _SCALAR],
    "any": Any,
}
_EXPECTED = {
    "id": f"a text of 1 to {MAX_TEXT} characters that is not blank",
    "name": f"a text of 1 to {MAX_TEXT} characters",
    "key": f"a text of at most {MAX_KEY} characters",
    "text": "a text",
    "time": "an RFC 3339 time with an offset or Z, such as 2026-01-31T09:30:00Z",
    "number": "a number from -1e30 to 1e30",
    "scalar": "a text, a finite number, true, false or null",
    "scalars": "an object of texts, finite numbers, true, false and null",
    "rows": "a list of objects",
    "record": "an object",
}


@dataclass(frozen=True)
class Field:
    """One key of a record. An optional key may be absent or null; `rows` and `scalars` only absent."""

    kind: Kind
    about: str
    required: bool = False
    choices: tuple[str, ...] = ()
    of: "Shape | None" = None
    limit: int | None = None

    @property
    def nullable(self) -> bool:
        return self.kind in ("scalar", "any") or (not self.required and self.kind not in ("rows", "scalars"))

    @property
    def is_free(self) -> bool:
        """Whether values of any scalar type are in it."""
        return self.kind in ("scalar", "scalars") or (self.of is not None and bool(self.of._free))


class Shape:
    """A record: its keys and nothing else."""

    def __init__(self, name: str, fields: Mapping[str, Field]) -> None:
        self.name = name
        self.fields = dict(fields)
        self.struct = msgspec.defstruct(
            name, [_member(key, field) for key, field in self._by_need()], forbid_unknown_fields=True
        )
        self._free = [(key, field) for key, field in fields.items() if field.is_free]

    def _by_need(self) -> list[tuple[str, Field]]:
        return sorted(self.fields.items(), key=lambda item: not item[1].required)

    def problems(self, value: Any, loc: Sequence[str | int] = ("body",)) -> list[dict[str, Any]]:
        """Every problem of `value` as {loc, msg}; empty when it has this shape."""
        if self._is_right(value):
            return []
        found = list(self._explain(value, loc))
        return found or [error(loc, f"expected {_EXPECTED['record']} as documented for {self.name}")]

    def _is_right(self, value: Any) -> bool:
        try:
            msgspec.convert(value, self.struct)
        except (msgspec.ValidationError, OverflowError):
            return False
        return self._has_finite_scalars(value)

    def _has_finite_scalars(self, value: Mapping[str, Any]) -> bool:
        """Whether every free value is one that a float can hold, which the fast reading does not judge."""
        for key, field in self._free:
            member = value.get(key)
            if field.kind == "scalars":
                members = () if member is None else member.values()
            elif field.kind == "rows" and field.of is not None:
                if member and not all(field.of._has_finite_scalars(row) for row in member):
                    return False
                continue
            else:
                members = (member,)
            if not all(map(_is_scalar, members)):
                return False
        return True

    def _explain(self, value: Any, loc: Sequence[str | int]) -> list[dict[str, Any]]:
        if type(value) is not dict:
            return [error(loc, f"expected {_EXPECTED['record']}, got {_name_of(value)}")]
        found = [error([*loc, key], "unknown key") for key in value if key not in self.fields]
        for key, field in self.fields.items():
            if key in value:
                found += _explain_field(field, value[key], [*loc, key])
            elif field.required:
                found.append(error([*loc, key], "missing"))
        return found


def _member(key: str, field: Field) -> Any:
    kind = _type_of(field)
    if field.required:
        return key, (kind | None if field.nullable else kind)
    if field.kind in ("rows", "scalars"):
        return key, kind, msgspec.field(default_factory=list if field.kind == "rows" else dict)
    return key, kind | None, None


def _type_of(field: Field) -> Any:
    if field.kind == "choice":
        return Literal[field.choices]
    if field.kind == "rows" and field.of is not None:
        return Annotated[list[field.of.struct], Meta(max_length=field.limit)]  # type: ignore[name-defined]
    if field.kind == "record" and field.of is not None:
        return field.of.struct
    return _TYPES[field.kind]


def _explain_field(field: Field, value: Any, loc: Sequence[str | int]) -> list[dict[str, Any]]:
    if value is None and field.nullable:
        return []
    if field.kind == "rows" and type(value) is list and field.of is not None:
        return [p for i, row in enumerate(value) for p in field.of.problems(row, [*loc, i])]
    if field.kind == "record" and type(value) is dict and field.of is not None:
        return field.of.problems(value, loc)
    if field.kind == "scalars" and type(value) is dict:
        return _explain_scalars(value, loc)
    if _is_right(field, value):
        return []
    expected = " or ".join(field.choices) if field.kind == "choice" else _EXPECTED[field.kind]
    return [error(loc, f"expected {expected}, got {_name_of(value)}")]


def _explain_scalars(value: Mapping[str, Any], loc: Sequence[str | int]) -> list[dict[str, Any]]:
    found = []
    for key, member in value.items():
        if not 1 <= len(key) <= MAX_TEXT:
            found.append(error(loc, f"a name must have 1 to {MAX_TEXT} characters"))
        elif not _is_scalar(member):
            found.append(error([*loc, key], f"expected {_EXPECTED['scalar']}, got {_name_of(member)}"))
    return found


def _is_right(field: Field, value: Any) -> bool:
    try:
        msgspec.convert(value, _type_of(field))
    except (msgspec.ValidationError, OverflowError):
        return False
    return field.kind != "scalar" or _is_scalar(value)


def _is_scalar(value: Any) -> bool:
    """A text, true, false, null, or a number that a float can hold."""
    kind = type(value)
    if kind is int:
        return bool(-MAX_NUMBER <= value <= MAX_NUMBER)
    if kind is float:
        return bool(value - value == 0.0)
    return kind is str or kind is bool or value is None


def _name_of(value: Any) -> str:
    """The JSON type of a value in words; never the value."""
    if value is None:
        return "null"
    names = {bool: "true or false", int: "a number", float: "a number", dict: "an object", list: "a list"}
    if isinstance(value, str):
        return "an empty text" if not value else f"a text of {len(value)} characters"
    return names.get(type(value), "another type")
