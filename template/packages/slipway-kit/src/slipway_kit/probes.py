"""Paths that machines request all the time."""

PROBES = ("/health/", "/metrics/")


def is_probe(path: str) -> bool:
    """Return whether a path is a probe's, whose requests are logged at debug and not traced."""
    return f"{path}/".startswith(PROBES)
