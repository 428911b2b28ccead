"""Audits Django's final settings, whether custom.py sets them or a line in this folder."""

import os

from slipway_kit.django import audit


def production_issues() -> list[str]:
    """Return what must not be so in Django's final settings, a line each; empty is good."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"{__package__}.settings")
    # It reads the service's settings, whose module asks for this one.
    from .access import variables  # noqa: PLC0415
    from .settings import OURS, ROOT_URLCONF, SERVICE  # noqa: PLC0415

    return audit.production_issues(OURS, SERVICE, ROOT_URLCONF, variables)
