"""Request records: each declared once, checked fast, explained in full if invalid, described as JSON Schema.

A valid record costs one msgspec conversion. msgspec stops at the first problem, so an invalid record is checked again
field by field, and every problem is reported.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NotRequired, TypedDict

import msgspec
from msgspec import Meta

from history.text.values import LARGEST_NUMBER
from serving.base.limits import MAX_KEY, MAX_TEXT
from serving.base.problems import error

Json = dict[str, Any]
Errors = list[dict[str, Any]]
Loc = Sequence[str | int]

MAX_FLOAT = 1.7976931348623157e308
SCALAR_SCHEMA: Json = {"type": ["string", "number", "boolean", "null"]}

_Scalar = str | int | float | bool | None
_Name = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
_TIME_SCHEMA: Json = {"format": "date-time", "pattern": r"^(199\d|2\d{3})-"}


@dataclass(frozen=True)
class Kind:
    """The type of a field, for msgspec and in words; its JSON Schema follows from the type."""

    type: Any
    expected: str
    empty: type | None = None  # of lists and objects: an optional field may be absent, but not null

    @property
    def schema(self) -> Json:
        return msgspec.json.schema(self.type)

    @property
    def plain_type(self) -> Any:
        """The type for decoding to plain dicts, lists and values."""
        return self.type

    @property
    def is_free(self) -> bool:
        """True if msgspec accepts numbers here that no float can hold."""
        return False

    def has_finite_numbers(self, value: Any) -> bool:
        """True if every number of a value that msgspec accepts fits a float."""
        return True

    def accepts(self, value: Any) -> bool:
        try:
            msgspec.convert(value, self.type)
        except (msgspec.ValidationError, OverflowError):
            return False
        return True

    def problems(self, value: Any, loc: Loc) -> Errors:
        """Every problem of a value as {loc, msg}."""
        if self.accepts(value):
            return []
        return [error(loc, f"expected {self.expected}, got {_type_name(value)}")]


@dataclass(frozen=True)
class ScalarKind(Kind):
    """A text, a boolean, null, or a number within the range of a float."""

    is_free = True

    @property
    def schema(self) -> Json:
        return SCALAR_SCHEMA

    def accepts(self, value: Any) -> bool:
        return super().accepts(value) and is_scalar(value)

    def has_finite_numbers(self, value: Any) -> bool:
        return is_scalar(value)


_FINITE: Final = frozenset((str, bool, type(None)))  # types of scalars that are no numbers


@dataclass(frozen=True)
class ScalarsKind(Kind):
    """An object of scalars under any names."""

    empty: type | None = dict
    is_free = True

    @property
    def schema(self) -> Json:
        names = {"minLength": 1, "maxLength": MAX_TEXT}
        return {"type": "object", "propertyNames": names, "additionalProperties": SCALAR_SCHEMA}

    def has_finite_numbers(self, value: Any) -> bool:
        if value is None or _FINITE.issuperset(map(type, value.values())):
            return True
        return all(map(is_scalar, value.values()))

    def problems(self, value: Any, loc: Loc) -> Errors:
        if type(value) is not dict:
            return super().problems(value, loc)
        errors = []
        for name, member in value.items():
            if not 1 <= len(name) <= MAX_TEXT:
                errors.append(error(loc, f"a name must have 1 to {MAX_TEXT} characters"))
            elif not is_scalar(member):
                message = f"expected {SCALAR.expected}, got {_type_name(member)}"
                errors.append(error([*loc, name], message))
        return errors


@dataclass(frozen=True)
class ShapeKind(Kind):
    """One record of a shape."""

    shape: "Shape" = None  # type: ignore[assignment]

    @property
    def schema(self) -> Json:
        return {"$ref": f"#/components/schemas/{self.shape.name}"}

    @property
    def plain_type(self) -> Any:
        return self.shape.plain_type

    @property
    def is_free(self) -> bool:
        return bool(self.shape.free)

    def has_finite_numbers(self, value: Any) -> bool:
        return value is None or self.shape.has_finite_numbers(value)

    def problems(self, value: Any, loc: Loc) -> Errors:
        return self.shape.problems(value, loc) if type(value) is dict else super().problems(value, loc)


@dataclass(frozen=True)
class RowsKind(ShapeKind):
    """A list of at most `limit` records of a shape."""

    empty: type | None = list
    limit: int = 0

    @property
    def plain_type(self) -> Any:
        of_rows = list[self.shape.plain_type]  # type: ignore[name-defined]
        return Annotated[of_rows, Meta(max_length=self.limit)]

    @property
    def schema(self) -> Json:
        """Without maxItems: more rows than the limit are a 413, not a matter of form."""
        return {"type": "array", "items": super().schema}

    def has_finite_numbers(self, value: Any) -> bool:
        return not value or all(map(self.shape.has_finite_numbers, value))

    def problems(self, value: Any, loc: Loc) -> Errors:
        if type(value) is not list:
            return Kind.problems(self, value, loc)
        return [problem for i, row in enumerate(value) for problem in self.shape.problems(row, [*loc, i])]


ID = Kind(
    Annotated[str, Meta(min_length=1, max_length=MAX_TEXT, pattern=r"\S")],
    f"a text of 1 to {MAX_TEXT} characters that is not blank",
)
NAME = Kind(_Name, f"a text of 1 to {MAX_TEXT} characters")
KEY = Kind(Annotated[str, Meta(max_length=MAX_KEY)], f"a text of at most {MAX_KEY} characters")
TEXT = Kind(str, "a text")
TIME = Kind(
    Annotated[str, Meta(min_length=20, max_length=40, extra_json_schema=_TIME_SCHEMA)],
    "an RFC 3339 time with an offset or Z, such as 2026-01-31T09:30:00Z",
)
NUMBER = Kind(Annotated[float, Meta(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)], "a number from -1e30 to 1e30")
SCALAR = ScalarKind(_Scalar, "a text, a finite number, true, false or null")
SCALARS = ScalarsKind(dict[_Name, _Scalar], "an object of texts, finite numbers, true, false and null")


def choice(*words: str) -> Kind:
    """One of the words."""
    schema: Json = {"type": "string"}
    return Kind(Annotated[Literal[words], Meta(extra_json_schema=schema)], " or ".join(words))


@dataclass(frozen=True)
class WordKind(Kind):
    """A text that stands for one of the words. msgspec accepts any text: the reader of a valid record checks it too."""

    words: Sequence[str] = ()
    word_of: Callable[[str], str | None] = str

    @property
    def schema(self) -> Json:
        return {"type": "string", "enum": sorted(self.words)}

    def accepts(self, value: Any) -> bool:
        return super().accepts(value) and (value in self.words or self.word_of(value) is not None)


def word(words: Sequence[str], word_of: Callable[[str], str | None]) -> Kind:
    """One of the words, or another text for which word_of gives one; the schema names the words alone."""
    return WordKind(_Name, " or ".join(words), words=words, word_of=word_of)


def record(shape: "Shape") -> Kind:
    return ShapeKind(shape.struct, "an object", shape=shape)


def rows(shape: "Shape", limit: int) -> Kind:
    """At most `limit` records."""
    of_rows = Annotated[list[shape.struct], Meta(max_length=limit)]  # type: ignore[name-defined]
    return RowsKind(of_rows, "a list of objects", shape=shape, limit=limit)


@dataclass(frozen=True)
class Field:
    """One key of a record. An optional key may be absent or null; lists and objects of scalars only absent."""

    kind: Kind
    about: str
    required: bool = False

    @property
    def nullable(self) -> bool:
        return self.kind is SCALAR or (not self.required and self.kind.empty is None)

    @property
    def schema(self) -> Json:
        """JSON Schema of the values, null included."""
        schema = self.kind.schema
        if not self.nullable or self.kind is SCALAR:
            return schema
        if "$ref" in schema or "enum" in schema:
            return {"anyOf": [schema, {"type": "null"}]}
        return {**schema, "type": [schema["type"], "null"]}

    @property
    def plain_type(self) -> Any:
        """The field in a TypedDict."""
        if self.required:
            return self.kind.plain_type
        return NotRequired[
            self.kind.plain_type if self.kind.empty is not None else self.kind.plain_type | None
        ]

    def member(self, key: str) -> tuple[Any, ...]:
        """The field as msgspec.defstruct takes it."""
        if self.required:
            return key, self.kind.type
        if self.kind.empty is not None:
            return key, self.kind.type, msgspec.field(default_factory=self.kind.empty)
        return key, self.kind.type | None, None


class Shape:
    """A record: its keys and no others."""

    def __init__(self, name: str, fields: Mapping[str, Field]) -> None:
        self.name = name
        self.fields = dict(fields)
        by_need = sorted(fields.items(), key=lambda item: not item[1].required)  # as defstruct demands
        members = [field.member(key) for key, field in by_need]
        self.struct = msgspec.defstruct(name, members, forbid_unknown_fields=True)
        # Drops unknown keys in silence: serving/http/strict_json.read_valid notices.
        self.plain_type = TypedDict(name, {key: field.plain_type for key, field in fields.items()})  # type: ignore[misc]
        self.decoder = msgspec.json.Decoder(self.plain_type)
        self.free = [(key, field.kind) for key, field in fields.items() if field.kind.is_free]

    @property
    def schema(self) -> Json:
        """The JSON Schema of the record."""
        required = [key for key, field in self.fields.items() if field.required]
        properties = {key: {**field.schema, "description": field.about} for key, field in self.fields.items()}
        schema: Json = {"type": "object", "properties": properties, "additionalProperties": False}
        return {**schema, "required": required} if required else schema

    def decoder_without(self, key: str) -> msgspec.json.Decoder[Any]:
        """A decoder like `decoder` that leaves the value of one optional key as it is written, as msgspec.Raw."""
        types = {name: field.plain_type for name, field in self.fields.items()}
        unread = TypedDict(self.name, {**types, key: NotRequired[msgspec.Raw]})  # type: ignore[misc]
        return msgspec.json.Decoder(unread)

    def problems(self, value: Any, loc: Loc = ("body",)) -> Errors:
        """Every problem of `value` as {loc, msg}; empty for a valid record."""
        if self._is_valid(value):
            return []
        errors = self._explain(value, loc)
        return errors or [error(loc, f"expected an object as documented for {self.name}")]

    def _is_valid(self, value: Any) -> bool:
        try:
            msgspec.convert(value, self.struct)
        except (msgspec.ValidationError, OverflowError):
            return False
        return self.has_finite_numbers(value)

    def has_finite_numbers(self, value: Mapping[str, Any]) -> bool:
        """True if every number that msgspec left unchecked fits a float."""
        return all(kind.has_finite_numbers(value.get(key)) for key, kind in self.free)

    def _explain(self, value: Any, loc: Loc) -> Errors:
        if type(value) is not dict:
            return [error(loc, f"expected an object, got {_type_name(value)}")]
        errors = [error([*loc, key], "unknown key") for key in value if key not in self.fields]
        for key, field in self.fields.items():
            if key not in value:
                if field.required:
                    errors.append(error([*loc, key], "missing"))
            elif value[key] is not None or not field.nullable:
                errors += field.kind.problems(value[key], [*loc, key])
        return errors


def is_scalar(value: Any) -> bool:
    """True for a text, true, false, null, or a number that a float can hold."""
    kind = type(value)
    if kind is int:
        return bool(-MAX_FLOAT <= value <= MAX_FLOAT)
    if kind is float:
        return bool(value - value == 0.0)
    return kind is str or kind is bool or value is None


def _type_name(value: Any) -> str:
    """The JSON type of a value in words; never the value."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return "an empty text" if not value else f"a text of {len(value)} characters"
    names = {bool: "true or false", int: "a number", float: "a number", dict: "an object", list: "a list"}
    return names.get(type(value), "another type")
