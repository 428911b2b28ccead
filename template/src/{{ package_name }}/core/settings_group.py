"""What every group of settings is made of."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class SettingsGroup(BaseSettings):
    """Settings that belong together; each field is an environment variable of the same name.

    The first line of a group's docstring heads it in .env.example, and each field's description
    stands above its line there.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    def findings(self) -> list[str]:
        """Return what must not be so in production, a sentence each, naming the variable."""
        return []
