"""The settings of backups."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from ..core.settings_group import Listed, SettingsGroup


def _check_recipients(values: tuple[str, ...]) -> tuple[str, ...]:
    if values:
        from .encryption import recipients_of  # noqa: PLC0415 -- a service need not load it

        recipients_of(values)
    return values


def _check_identity(value: SecretStr | None) -> SecretStr | None:
    if value is not None:
        from .encryption import identity_of  # noqa: PLC0415 -- a service need not load it

        identity_of(value.get_secret_value())
    return value


class BackupSettings(SettingsGroup):
    """Backups."""

    backup_dir: Annotated[
        Path,
        AfterValidator(Path.expanduser),
        Field(description="The folder of backups; each deployment has its own."),
    ] = Path("backups")
    backup_keep_days: Annotated[
        int, Field(description="Days after which a backup is removed by a newer one.", ge=1)
    ] = 30
    backup_keep_at_least: Annotated[
        int, Field(description="Backups that are kept however old they are.", ge=1)
    ] = 7
    backup_recipients: Annotated[
        Listed,
        AfterValidator(_check_recipients),
        Field(description="Public age keys that backups are encrypted for; unset: they are not."),
    ] = ()
    backup_identity: Annotated[
        SecretStr | None,
        AfterValidator(_check_identity),
        Field(description="The private age key that restores them; keep it off this host."),
    ] = None
