"""Request records -> JSON Schema."""

from history.values import LARGEST_NUMBER
from serving.api.openapi import SCALAR, nullable, ref
from serving.base.limits import MAX_KEY, MAX_TEXT
from serving.http.router import Json
from serving.http.shapes import Field, Shape

_KINDS: dict[str, Json] = {
    "id": {"type": "string", "minLength": 1, "maxLength": MAX_TEXT, "pattern": r"\S"},
    "name": {"type": "string", "minLength": 1, "maxLength": MAX_TEXT},
    "key": {"type": "string", "maxLength": MAX_KEY},
    "text": {"type": "string"},
    "time": {
        "type": "string",
        "format": "date-time",
        "pattern": r"^(199\d|2\d{3})-",  # and not more than 5 minutes ahead
        "minLength": 20,
        "maxLength": 40,
    },
    "number": {"type": "number", "minimum": -LARGEST_NUMBER, "maximum": LARGEST_NUMBER},
    "scalar": SCALAR,
    "any": {},
}


def schema_of(shape: Shape) -> Json:
    """The JSON Schema of a record."""
    needed = [key for key, field in shape.fields.items() if field.required]
    properties = {key: {**_field(field), "description": field.about} for key, field in shape.fields.items()}
    schema: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": needed} if needed else schema


def _field(field: Field) -> Json:
    schema = _plain(field)
    if not field.nullable or field.kind in ("scalar", "any"):
        return schema
    if "$ref" in schema or "enum" in schema:
        return nullable(schema)
    return {**schema, "type": [schema["type"], "null"]}


def _plain(field: Field) -> Json:
    if field.of is not None:
        reference = ref(field.of.name)
        if field.kind == "record":
            return reference
        return {"type": "array", "items": reference}  # more than its limit is 413, not a matter of form
    if field.kind == "scalars":
        return {
            "type": "object",
            "propertyNames": {"minLength": 1, "maxLength": MAX_TEXT},
            "additionalProperties": SCALAR,
        }
    if field.kind == "choice":
        return {"type": "string", "enum": list(field.choices)}
    return dict(_KINDS[field.kind])
