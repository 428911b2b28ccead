"""Heavy tests take turns in CI: each run has a third of them, the run before a release has all.

`pytest --turn=N` leaves out what has another turn than N modulo 3; `.ci/run` counts commits.
"""

from collections.abc import Iterable

import pytest

from tools.questions import ROOT

TURNS = 3
TOGETHER: dict[str, int] = {
    "tests/exercise/test_docker.py": 0,
    "tests/exercise/test_chart.py": 2,
    "tests/exercise/test_rollout.py": 2,
}
"""Files whose tests share what is expensive, as an image: a whole file has one turn."""
ONE_BY_ONE = tuple(
    f"tests/{name}.py"
    for name in (
        "exercise/test_account_settings",
        "exercise/test_accounts",
        "exercise/test_backups",
        "exercise/test_customisation",
        "exercise/test_jobs",
        "exercise/test_redis_faults",
        "exercise/test_schemathesis",
        "exercise/test_schemathesis_accounts",
        "exercise/test_sentry",
        "exercise/test_stalls",
        "exercise/test_stopping",
        "exercise/test_tracing",
        "upgrade/test_make_update",
        "upgrade/test_updates",
    )
)
"""Files whose tests need nothing of each other: each run has a third of each file."""


def turns_of(items: Iterable[pytest.Item]) -> dict[pytest.Item, int]:
    """Return the turn of each test that has one."""
    turns: dict[pytest.Item, int] = {}
    dealt = dict.fromkeys(ONE_BY_ONE, 0)
    for item in items:
        file = item.path.relative_to(ROOT).as_posix()
        if file in TOGETHER:
            turns[item] = TOGETHER[file]
        elif file in dealt:
            turns[item] = dealt[file] % TURNS
            dealt[file] += 1
    return turns
