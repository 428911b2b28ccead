"""The mixes of answers that the tests render and run."""

from functools import cache

import pytest
from _pytest.mark import ParameterSet

from tools.questions import FIRST, Answers, Questions, Value, pairwise


@cache
def variants() -> dict[str, Answers]:
    """Return the pairwise set by name."""
    return {name_of(answers): answers for answers in pairwise(Questions())}


@cache
def default_variants() -> set[str]:
    """Return the names of the default service's variants, one for each framework."""
    return {name_of(Questions().mix(answers)) for answers in FIRST}


def name_of(answers: Answers) -> str:
    """Return a mix of answers as a short name."""
    return "-".join(
        key if value is True else f"no_{key}" if value is False else str(value)
        for key, value in answers.items()
    )


def parameters(**wanted: Value) -> list[ParameterSet]:
    """Return the variants with these answers as parameters.

    Each stays on one worker, which installs it once.
    """
    return [
        pytest.param(name, id=name, marks=pytest.mark.xdist_group(name))
        for name, answers in variants().items()
        if wanted.items() <= answers.items()
    ]


on_each_framework = pytest.mark.parametrize("framework", ["fastapi", "django"], indirect=True)
"""Has a test run once for each framework that the default service can have."""
