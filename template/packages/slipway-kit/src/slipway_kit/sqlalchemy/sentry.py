"""Lets Sentry see queries."""

import sentry_sdk
from sentry_sdk.integrations import setup_integrations
from sentry_sdk.integrations.sqlalchemy import SqlalchemyIntegration


def report_queries() -> None:
    """Let reports of requests tell of their queries from now on."""
    watching = setup_integrations([SqlalchemyIntegration()], with_defaults=False)
    sentry_sdk.get_client().integrations |= watching
