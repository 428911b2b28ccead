"""Starts Sentry's SDK: each error is one event, some requests are transactions, nothing is secret.

A line of the standard library's logging at error is an event, too, whether a request is being
served or not: the log and Sentry say the same.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import sentry_sdk
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration, ignore_logger
from sentry_sdk.integrations.threading import ThreadingIntegration
from sentry_sdk.types import Event, Hint, SamplingContext

from .correlation import correlation_id
from .probes import is_probe
from .redaction import Redactor
from .sentry import SentrySettings

FLUSH_SECONDS = 2.0
"""How long a stop waits for events that are not sent yet."""

UNMATCHED = "unmatched"
"""What a request is called that no route took: its path is the client's to choose."""

_HEADERS = frozenset({"accept", "content-length", "content-type", "host", "user-agent"})
_SERVER_LOG = "uvicorn.error"
# A program's text and its packages' names are not what anyone sent.
_KEPT = frozenset({"pre_context", "context_line", "post_context", "sdk"})


def start(settings: SentrySettings, redactor: Redactor, *, environment: str, release: str) -> None:
    """Start the SDK, in each process that serves requests.

    Args:
        settings: Where events go, and how many transactions; with a DSN.
        redactor: What knows the names of secrets.
        environment: Where the service runs.
        release: What runs, like service@1.2.3.
    """
    assert settings.sentry_dsn is not None  # noqa: S101 -- for the types; its caller looked
    rate = settings.sentry_traces_sample_rate

    def sample(context: SamplingContext) -> float:
        """Follow no caller's wish to be sampled, which would spend the owner's quota."""
        return 0 if is_probe(context.get("asgi_scope", {}).get("path", "")) else rate

    def clean(event: Event, hint: Hint) -> Event | None:
        line = hint.get("log_record")
        # The server writes a failed start as text, after it was reported as what it is.
        if line is not None and line.name == _SERVER_LOG and not line.exc_info:
            return None
        return _redacted(event, redactor)

    sentry_sdk.init(
        dsn=settings.sentry_dsn.get_secret_value(),
        environment=environment,
        release=release,
        traces_sampler=sample if rate else None,
        profiles_sample_rate=settings.sentry_profiles_sample_rate,
        before_send=clean,
        before_send_transaction=clean,
        # What is personal is not collected by default; the option that said so is deprecated.
        # A variable's name does not tell whether its value is secret, and a body is the user's.
        include_local_variables=False,
        max_request_body_size="never",
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            DedupeIntegration(),
            LoggingIntegration(),
            ThreadingIntegration(),
            # For a command that ends in an exception; a server's stop sends by itself.
            ExcepthookIntegration(),
            AtexitIntegration(callback=lambda *_: None),
        ],
        auto_session_tracking=False,
        spotlight=False,
        shutdown_timeout=FLUSH_SECONDS,
        # Or it would cut the cause off an exception that the log shows afterwards.
        _experiments={"suppress_asgi_chained_exceptions": False},
    )
    # A collector that is unavailable is no error of the service, and is in the log.
    ignore_logger("opentelemetry.*")


def describe_request(route: Callable[[], str | None], user_id: Callable[[], object]) -> None:
    """Put into each event of the current request what it is about.

    Args:
        route: Returns the template of its route, as soon as that is known; None for no route.
        user_id: Returns the identifier of its user, as soon as that is known.
    """

    def complete(event: Event, _: Hint) -> Event:
        event["transaction"] = route() or UNMATCHED
        event["transaction_info"] = {"source": "route"}
        if (user := user_id()) is not None:
            event["user"] = {"id": str(user)}
        return event

    scope = sentry_sdk.get_isolation_scope()
    scope.set_tag("correlation_id", correlation_id.get())
    scope.add_event_processor(complete)


async def stop() -> None:
    """Send what is left, for a short while, and report nothing more."""
    client = sentry_sdk.get_client()
    await asyncio.to_thread(client.close, timeout=FLUSH_SECONDS)
    sentry_sdk.get_global_scope().set_client(None)


def _redacted(event: Event, redactor: Redactor) -> Event:
    request: Any = event.get("request", {})
    if "headers" in request:
        headers = request["headers"].items()
        request["headers"] = {name: value for name, value in headers if name.lower() in _HEADERS}
    if request.get("query_string"):
        request["query_string"] = redactor.query(str(request["query_string"]))
    # The values of a line's placeholders have no names; its text has them, with theirs.
    cleaned: Any = redactor.value(event, texts=True, keep=_KEPT)
    cleaned.get("logentry", {}).pop("params", None)
    typed: Event = cleaned
    return typed
