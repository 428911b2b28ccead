"""One contract on two frameworks: what one passes, the other passes, too."""

import re
from collections.abc import Callable
from pathlib import Path

from tests.support.conformance import conforms, ready_to_be_judged
from tests.support.rendering import Render

Record = Callable[[str, object], None]
DIFFERENCES: set[str] = set()
"""The tests of the suite that only one framework passes; the contract names each."""


def _named(test: str) -> str:
    # Operations of a parametrised test come from the document, in the order in which they stand.
    return re.sub(r"\[.*", "", test)


def test_the_default_service_passes_the_same_tests_on_both_frameworks(
    rendered: Render, tmp_path: Path, record_property: Record
) -> None:
    passed: dict[str, list[str]] = {}
    for framework in ("fastapi", "django"):
        project = rendered({"framework": framework})
        project.install()
        folder = tmp_path / framework
        folder.mkdir()
        database = {"DATABASE_URL": f"sqlite:///{folder / 'service.db'}"}

        with ready_to_be_judged(project, folder, database) as (running, options):
            passed[framework] = conforms(running.url, project, options)

    counts = ", ".join(f"{framework} {len(tests)}" for framework, tests in passed.items())
    record_property("note", f"conformance tests that the default service passes: {counts}")
    fastapi, django = ({_named(test) for test in tests} for tests in passed.values())
    assert fastapi ^ django == DIFFERENCES
