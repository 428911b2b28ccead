"""The settings of backups."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from ..settings_group import SettingsGroup


def _expand_home(value: str) -> str:
    # Only a folder begins with it: a Path would take one slash of s3:https://... away.
    return str(Path(value).expanduser()) if value.startswith("~") else value


class BackupSettings(SettingsGroup):
    """Backups."""

    backup_dir: Annotated[
        str,
        AfterValidator(_expand_home),
        Field(description="The restic repository: a folder, sftp:user@host:/path, s3:https://..."),
    ] = "backups"
    backup_keep_days: Annotated[
        int, Field(description="Days after which a backup is removed by a newer one.", ge=1)
    ] = 30
    backup_keep_at_least: Annotated[
        int, Field(description="Number of newest backups that are never removed.", ge=1)
    ] = 7
    restic_password: Annotated[
        SecretStr | None,
        Field(description="Encrypts backups; keep a copy elsewhere, backups need it."),
    ] = None
