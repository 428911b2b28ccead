"""How the framework traces requests by itself."""

from fastapi.telemetry import TelemetryConfig
from opentelemetry.trace import TracerProvider

from slipway_kit.probes import is_probe


def telemetry(provider: TracerProvider | None) -> TelemetryConfig:
    """Return the framework's configuration: one span for a request, none without a provider.

    What else it could tell stays off, since the service tells it in its own way; so do its spans
    for dependencies, endpoints and serialization, which would make five of one.
    """
    return {
        "tracing": provider is not None,
        "tracer_provider": provider,
        "metrics": False,
        "logs": False,
        "operation_spans": False,
        "auto_configure": False,
        "exclude": lambda scope: is_probe(scope["path"]),
    }
