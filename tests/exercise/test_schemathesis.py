"""An outside judge compares the default service with its own OpenAPI schema."""

import re

from tests.support.project import Project
from tests.support.variants import on_each_framework

pytestmark = on_each_framework

# Held, so that a new release of the judge does not stop an old tree.
JUDGE = "schemathesis==4.32.*"


def test_schemathesis_finds_nothing_with_all_its_checks(service: Project) -> None:
    with service.serving({"RATE_LIMIT_DEFAULT": "1000000/minute"}) as running:
        judged = service.run(
            *("uvx", "--from", JUDGE, "schemathesis", "run", f"{running.url}/openapi.json"),
            *("--checks", "all", "--phases", "examples,coverage,fuzzing,stateful"),
            *("--max-examples", "30", "--no-color"),
            check=False,
        )

    assert judged.returncode == 0, judged.stdout[-6000:]
    assert re.search(r"[1-9]\d* generated", judged.stdout), judged.stdout[-2000:]
