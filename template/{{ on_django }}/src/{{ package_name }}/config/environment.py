"""The service's own settings, read once for all of Django's."""

import sys

from ..settings import SettingsError, read_settings

try:
    SETTINGS = read_settings()
except SettingsError as error:
    sys.exit(str(error))
PACKAGE = __package__.rpartition(".")[0]
