"""Fields and serializers that accept exactly the types of the OpenAPI schema."""

from collections import ChainMap
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django.db.models import CharField, IntegerField, Model, TextField
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.validators import UniqueValidator

from ..problems import MOST_ERRORS


class Text(serializers.CharField):
    """A text: no number in its place, and no space taken away at its ends."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        """Return the text.

        Raises:
            ValidationError: It is none.
        """
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class WholeNumber(serializers.IntegerField):
    """A whole number: no text in its place. JSON Schema counts 3.0 among them."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number.

        Raises:
            ValidationError: It is none.
        """
        if isinstance(data, float) and data.is_integer():
            data = int(data)
        if type(data) is not int:
            self.fail("invalid")
        return int(data)


class ClosedSerializer(serializers.Serializer[Any]):
    """Refuses fields that it does not take, so that a misspelt one is noticed."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the fields' values.

        Raises:
            ValidationError: They do not fit, or there are others.
        """
        given = data if isinstance(data, Mapping) else ()
        taken = {field.field_name for field in self._writable_fields}
        unknown = [name for name in given if name not in taken][:MOST_ERRORS]
        try:
            values = super().to_internal_value(data)
        except ValidationError as error:
            if unknown and isinstance(error.detail, dict):
                error.detail.update(_unknown(unknown))
            raise
        if unknown:
            raise ValidationError(_unknown(unknown))
        return values


class ClosedModelSerializer[Row: Model](ClosedSerializer, serializers.ModelSerializer[Row]):
    """Takes exactly the types of the OpenAPI schema, and leaves unique values to the database."""

    # What apps add to the framework's mapping later, as for hashes of passwords, holds here, too.
    serializer_field_mapping: ClassVar[Any] = ChainMap(
        {CharField: Text, TextField: Text, IntegerField: WholeNumber},
        serializers.ModelSerializer.serializer_field_mapping,
    )

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        """Return a field's class and options."""
        kind, options = super().build_standard_field(field_name, model_field)
        validators = options.get("validators", ())
        options["validators"] = [
            each for each in validators if not isinstance(each, UniqueValidator)
        ]
        return kind, options


def _unknown(names: Iterable[str]) -> dict[str, Any]:
    return {
        name: [ErrorDetail("Extra inputs are not permitted", "extra_forbidden")] for name in names
    }
