"""The service's commands, as the Makefile calls them."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from .app import create_app
from .core.logs import configure
from .core.redaction import Redactor
from .parts import around_server
from .settings import (
    Environment,
    SettingsError,
    deployed_example,
    env_example,
    load_settings,
    read_settings,
)


def serve(*, reload: bool) -> int:
    """Serve until told to stop; bad settings stop the start with a line for each fault."""
    settings = load_settings()
    # The parent of several workers writes lines, too, and makes no application.
    configure(settings.log_level, settings.chosen_log_format, Redactor(settings.redact_keys))
    # A stop that was asked for is no failure. The server finishes its work on SIGTERM, then raises
    # the signal once more; that one ends here, as does one that comes before the server listens.
    signal.signal(signal.SIGTERM, _stop)
    if reload:
        os.environ["DRAIN_SECONDS"] = "0"  # a developer's restart waits for nobody
    with around_server(settings):
        uvicorn.run(
            f"{__package__}.app:create_app",
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            reload=reload,
            reload_dirs=[str(Path(__file__).parent)] if reload else None,
            lifespan="on",
            # A worker with a small share of a processor takes its time to start; killed before it
            # has, it would never be there.
            timeout_worker_healthcheck=30,
            # The service's own pipe takes the server's lines, and writes one for each request.
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
        )
    return 0


def _stop(*_: object) -> None:
    sys.exit(0)


def check() -> int:
    """Audit the settings; print a line for each finding."""
    settings = read_settings()
    findings = settings.audit()
    for finding in findings:
        print(finding)
    if not findings:
        print(f"The settings are fit for {settings.environment}.")
    return 1 if findings else 0


def write_openapi(path: Path) -> int:
    """Write the OpenAPI document."""
    document = create_app(read_settings()).openapi()
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return 0


def write_env_examples(folder: Path) -> int:
    """Write .env.example and those of staging and production from the settings class."""
    (folder / ".env.example").write_text(env_example(), encoding="utf-8")
    for environment in (Environment.STAGING, Environment.PRODUCTION):
        path = folder / f".env.{environment}.example"
        path.write_text(deployed_example(environment), encoding="utf-8")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help=serve.__doc__).add_argument(
        "--reload", action="store_true", help="start again when the code changes"
    )
    commands.add_parser("check", help=check.__doc__)
    for name, command in (("openapi", write_openapi), ("env", write_env_examples)):
        commands.add_parser(name, help=command.__doc__).add_argument("path", type=Path)
    given = parser.parse_args(arguments)
    try:
        match given.command:
            case "serve":
                return serve(reload=given.reload)
            case "check":
                return check()
            case "openapi":
                return write_openapi(given.path)
            case _:
                return write_env_examples(given.path)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
