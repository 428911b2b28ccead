"""The settings of the admin site."""

from typing import Annotated

from pydantic import Field

from ..settings_group import SettingsGroup


class AdminSettings(SettingsGroup):
    """The admin site."""

    admin_enabled: Annotated[
        bool | None,
        Field(description="Serve the admin site at /admin; unset: everywhere but in production."),
    ] = None
    admin_session_minutes: Annotated[
        int,
        Field(description="Minutes for which a login to the admin site is valid.", ge=1, le=1440),
    ] = 60
