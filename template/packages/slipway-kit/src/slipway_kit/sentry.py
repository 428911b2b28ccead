"""Whether and how much is reported to Sentry; the SDK is loaded only for those who use it."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from .settings_group import SettingsGroup


def _check_dsn(value: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(value.get_secret_value())
        complete = parts.scheme in {"http", "https"} and parts.username and parts.hostname
        good = complete and parts.port != 0 and parts.path.rpartition("/")[2].isdecimal()
    except ValueError:
        good = False
    if not good:
        raise ValueError("must be a DSN like https://key@sentry.example.com/1")
    return value


class SentrySettings(SettingsGroup):
    """Sentry."""

    sentry_dsn: Annotated[
        SecretStr | None,
        Field(description="Sentry's DSN, https://key@host/project; unset: off."),
        AfterValidator(lambda value: value and _check_dsn(value)),
    ] = None
    sentry_traces_sample_rate: Annotated[
        float, Field(description="Trace sample rate, from 0 to 1.", ge=0, le=1)
    ] = 0.1
    sentry_profiles_sample_rate: Annotated[
        float, Field(description="Profile sample rate of traces, from 0 to 1.", ge=0, le=1)
    ] = 0.0

    def public_features(self) -> dict[str, bool]:
        """Return what GET /config shows."""
        return {"sentry": self.sentry_dsn is not None}
