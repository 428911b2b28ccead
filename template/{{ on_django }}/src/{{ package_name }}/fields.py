"""Fields and serializers that accept exactly the types of the OpenAPI schema."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from .core.problems import MOST_ERRORS


class Text(serializers.CharField):
    """A text: no number in its place, and no space taken away at its ends.

    Args:
        pattern: What it has to match in full; None for anything.
        options: Those of a CharField.
    """

    def __init__(self, *, pattern: str | None = None, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)
        if pattern is not None:
            self.validators.append(RegexValidator(pattern, "Does not have the form that it must."))

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


class Choice(serializers.ChoiceField):
    """One of several values; its error does not contain the input."""

    default_error_messages = {"invalid_choice": "Is none of the values that it can have."}  # noqa: RUF012 -- as the framework has it


class ClosedSerializer(serializers.Serializer[Any]):
    """Refuses fields that it does not have, so that a misspelt one is noticed."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the fields' values.

        Raises:
            ValidationError: They do not fit, or there are others.
        """
        given = data if isinstance(data, Mapping) else ()
        unknown = [name for name in given if name not in self.fields][:MOST_ERRORS]
        try:
            values = super().to_internal_value(data)
        except ValidationError as error:
            if unknown and isinstance(error.detail, dict):
                error.detail.update(_unknown(unknown))
            raise
        if unknown:
            raise ValidationError(_unknown(unknown))
        return values


def _unknown(names: Iterable[str]) -> dict[str, Any]:
    return {
        name: [ErrorDetail("Extra inputs are not permitted", "extra_forbidden")] for name in names
    }
