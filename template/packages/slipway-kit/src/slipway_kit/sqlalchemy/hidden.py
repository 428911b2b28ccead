"""Columns whose values are not to be seen."""

from pydantic import SecretStr
from sqlalchemy import Dialect, String
from sqlalchemy.orm import validates
from sqlalchemy.types import TypeDecorator


class Secret(TypeDecorator[SecretStr]):
    """A text that neither a log nor a response shows, though its row be written as it is."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: SecretStr | str | None, dialect: Dialect) -> str | None:
        """Return the text itself, for the database."""
        del dialect
        return value.get_secret_value() if isinstance(value, SecretStr) else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> SecretStr | None:
        """Return the text, hidden."""
        del dialect
        return None if value is None else SecretStr(value)


class HidesSecrets:
    """A model whose secrets are hidden as soon as they are set, before the database has them."""

    @validates("password_hash", "digest")
    def hide(self, _: str, value: SecretStr | str | None) -> SecretStr | None:
        """Return a secret, hidden."""
        return SecretStr(value) if isinstance(value, str) else value
