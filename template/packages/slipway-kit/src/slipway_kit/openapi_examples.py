"""Examples of JSON values, put together from those that stand beside the fields of a schema."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_FORMATS = {
    "date-time": "2027-01-15T09:30:00Z",
    "date": "2027-01-15",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "uuid": "3f2b8c1e-5d47-4a86-9c0f-7e1d2b6a4c58",
}
_PLAIN = {"string": "text", "integer": 1, "number": 1.5, "boolean": True}


def example_of(schema: Schema, components: Mapping[str, Schema], *, within: str = "") -> Any:
    """Return an example of a schema: its own, or one made of what it consists of.

    A field that may be null, and has no example of its own, is shown as null. The result need not
    fit where a pattern or the like asks for more than a type and a format; such a field has
    examples of its own.

    Args:
        schema: What the example is of, as JSON Schema.
        components: The schemas that it may refer to, by name.
        within: The references that led here; a schema that holds itself ends there.
    """
    if schema.get("examples"):
        return schema["examples"][0]
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if {"type": "null"} in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        return None
    for key in ("enum", "anyOf", "oneOf", "allOf"):
        if key in schema:
            first = schema[key][0]
            return first if key == "enum" else example_of(first, components, within=within)
    if "$ref" in schema:
        return _of_reference(schema["$ref"].rpartition("/")[2], components, within)
    return _of_type(schema, components, within)


def _of_reference(name: str, components: Mapping[str, Schema], within: str) -> Any:
    if f"/{name}/" in within:
        return None
    return example_of(components[name], components, within=f"{within}/{name}/")


def _of_type(schema: Schema, components: Mapping[str, Schema], within: str) -> Any:
    kind = schema.get("type")
    if isinstance(kind, list):  # of a field that may be null, as of Django's REST framework
        kind = "null" if "null" in kind else kind[0]
    if kind == "object":
        return {
            name: example_of(field, components, within=within)
            for name, field in schema.get("properties", {}).items()
        }
    if kind == "array":
        entries = schema.get("prefixItems", [schema.get("items", {})])
        made = [example_of(entry, components, within=within) for entry in entries]
        return [] if made == [None] else made
    if kind == "string" and "format" in schema:
        return _FORMATS.get(schema["format"], _PLAIN["string"])
    if kind in {"integer", "number"} and "minimum" in schema:
        return schema["minimum"]
    return _PLAIN.get(str(kind))
