"""Render the default service into build/demo and serve it, as README's first command."""

import os
import shutil
import subprocess
import sys

from copier import run_copy

from tools.environment import without_settings
from tools.interpreters import runnable_version, uv_environment
from tools.questions import ROOT

DEMO = ROOT / "build" / "demo"


def environment() -> dict[str, str]:
    """Return the environment of the demo: none of this shell's settings but address and port."""
    version = runnable_version("3.13")
    found = uv_environment(version)
    port = {"PORT": found["PORT"]} if "PORT" in found else {}
    return without_settings(found, DEMO) | {"UV_PYTHON": version} | port


def main() -> None:
    """Render, install, migrate; then become the server, so that Ctrl-C ends everything."""
    shutil.rmtree(DEMO, ignore_errors=True)
    run_copy(str(ROOT), DEMO, defaults=True, quiet=True, vcs_ref="HEAD")
    variables = environment()
    for target in ("install", "migrate"):
        done = subprocess.run(
            ["make", "--silent", target],
            cwd=DEMO,
            env=variables,
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode:
            sys.exit(f"make {target} failed in {DEMO}:\n{done.stdout}")
    port = variables.get("PORT", "8000")
    print(f"The default service, in {DEMO.relative_to(ROOT)}, on http://127.0.0.1:{port}")
    print("Try /docs: register, and mails with tokens appear here. Ctrl-C ends it.", flush=True)
    os.chdir(DEMO)
    os.execvpe("make", ["make", "--silent", "serve"], variables)


if __name__ == "__main__":
    main()
