"""The field of serializers for the hash of a password."""

from typing import Any

from rest_framework import serializers
from rest_framework.fields import SkipField


class PasswordHash(serializers.HiddenField):
    """The hash, which no client sees and none sets, in a serializer of all fields too.

    One that says `write_only`, to hash what it gets, takes a password.
    """

    def __new__(cls, *args: Any, **options: Any) -> Any:
        """Return an ordinary field where a password is asked for."""
        if options.get("write_only"):
            return serializers.CharField(**options)
        return super().__new__(cls, *args, **options)

    def __init__(self, **_: Any) -> None:
        super().__init__(default=None)

    def get_default(self) -> Any:
        """Leave the field out.

        Raises:
            SkipField: Always.
        """
        raise SkipField
