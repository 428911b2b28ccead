"""Settings from files: NAME_FILE holds the path of a file, and the file the value of NAME.

An environment variable is inherited by every child, and shows in what a container's engine or a
service manager shows of it; a file does not. Both can hand secrets out as files, and NAME_FILE is
what most official images call such a path.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

SUFFIX = "_file"


class SecretFileError(ValueError):
    """Files cannot be used; the message has a line for each, names the variable, holds no value."""


class SecretFiles(PydanticBaseSettingsSource):
    """The values in the files that another source's variables name.

    Args:
        settings_cls: The settings to find values for.
        variables: What the other source has read, by names in lower case.
    """

    def __init__(
        self, settings_cls: type[BaseSettings], variables: Mapping[str, str | None]
    ) -> None:
        super().__init__(settings_cls)
        self._variables = variables

    def get_field_value(
        self,
        field: FieldInfo,  # noqa: ARG002 -- the base class hands it over
        field_name: str,
    ) -> tuple[Any, str, bool]:
        """Return what the file of a field holds; None where no file is named."""
        path = self._variables.get(field_name + SUFFIX)
        value = self._read(field_name, Path(path)) if path else None
        return value, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the values of all files.

        Raises:
            SecretFileError: A file cannot be read, or holds nothing, or its value is also given
                by the variable itself, so that it is unclear which one counts.
        """
        found: dict[str, Any] = {}
        errors = []
        for name, field in self.settings_cls.model_fields.items():
            try:
                value, _, _ = self.get_field_value(field, name)
            except SecretFileError as error:
                errors.append(str(error))
            else:
                found |= {} if value is None else {name: value}
        if errors:
            raise SecretFileError("\n".join(errors))
        return found

    def _read(self, name: str, path: Path) -> str:
        variable = f"{name}{SUFFIX}".upper()
        if self._variables.get(name):
            raise SecretFileError(f"{variable}: {name.upper()} is set, too; keep one of them")
        try:
            # Editors and `echo` end a file in a line break that is no part of the secret.
            value = path.read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            raise SecretFileError(f"{variable}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise SecretFileError(f"{variable}: is not UTF-8 text") from None
        if not value:
            raise SecretFileError(f"{variable}: the file is empty")
        return value
