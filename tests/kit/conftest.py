"""The kit without a service: settings of its own groups alone."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
from slipway_kit.settings import ServiceSettings, read_settings
from slipway_kit.settings_group import SettingsGroup


class OwnSettings(SettingsGroup):
    """What a team would add."""


class Settings(OwnSettings, ServiceSettings):
    """The settings of a service that has no feature."""

    installed_version: ClassVar[str] = "1.0.0"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what the environment sets."""
    for name in Settings.model_fields:
        for variable in (name.upper(), f"{name.upper()}_FILE"):
            if variable in os.environ:
                monkeypatch.delenv(variable)


@pytest.fixture
def anyio_backend() -> str:
    """Tests that are coroutines run as services do."""
    return "asyncio"


@pytest.fixture
def read() -> Callable[[Path | None], ServiceSettings]:
    """A function that reads the settings."""
    return lambda env_file: read_settings(Settings, OwnSettings, env_file)
