"""Measure what a user waits for: rendering the default service, and updating it.

    python -m bench.rendering

Wall time of the command line, start of Python included; the median of several runs.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.repository import THIS_TREE, clone_with_releases, identify
from tools.questions import ROOT
from tools.releases import git, releases

COPIER = str(Path(sys.executable).parent / "copier")
COPY_LIMIT_SECONDS = 2.0
UPDATE_LIMIT_SECONDS = 5.0


def run(*arguments: str, folder: Path) -> None:
    """Run Copier in a folder."""
    subprocess.run([COPIER, *arguments], cwd=folder, check=True, capture_output=True)


def median(runs: int, prepare: Callable[[], None], measured: Callable[[], None]) -> float:
    """Return the median time of several runs in seconds, each after its own preparation."""
    times = []
    for _ in range(runs):
        prepare()
        started = time.perf_counter()
        measured()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> int:
    """Print the figures; 1 if one is over its limit."""
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as temporary:
        folder = Path(temporary)
        template = clone_with_releases(folder / "template")
        service = folder / "service"
        first = releases()[0].tag if releases() else THIS_TREE

        def forget() -> None:
            shutil.rmtree(service, ignore_errors=True)

        def copy(ref: str = THIS_TREE) -> None:
            run(
                "copy", "--defaults", "--quiet", "--vcs-ref", ref,
                str(template), str(service), folder=folder,
            )  # fmt: skip

        def prepare_update() -> None:
            forget()
            copy(first)
            git("init", "--quiet", folder=service)
            identify(service)
            git("add", "--all", folder=service)
            git("commit", "--quiet", "--message", "Render", folder=service)

        def update() -> None:
            run("update", "--defaults", "--quiet", "--vcs-ref", THIS_TREE, folder=service)

        copy_seconds = median(7, forget, copy)
        files = sum(1 for path in service.rglob("*") if path.is_file())
        update_seconds = median(5, prepare_update, update)
    templated = sum(1 for _ in (ROOT / "template").rglob("*.jinja"))
    print(f"copier copy, default answers:   {copy_seconds:.2f} s (limit {COPY_LIMIT_SECONDS} s)")
    print(
        f"copier update from {first}:      {update_seconds:.2f} s (limit {UPDATE_LIMIT_SECONDS} s)"
    )
    print(f"files rendered: {files}; .jinja files in the template: {templated}")
    return int(copy_seconds > COPY_LIMIT_SECONDS or update_seconds > UPDATE_LIMIT_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
