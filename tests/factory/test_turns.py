"""The heavy tests take turns, and none is without one."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from tests.support.turns import ONE_BY_ONE, TOGETHER, TURNS, turns_of
from tools.questions import ROOT


@dataclass(frozen=True)
class Item:
    """What a test is known by here."""

    path: Path
    nodeid: str


def _turns(*items: Item) -> list[int | None]:
    turns = turns_of(cast("tuple[pytest.Item, ...]", items))
    return [turns.get(cast("pytest.Item", item)) for item in items]


@pytest.mark.parametrize("file", [*TOGETHER, *ONE_BY_ONE])
def test_each_heavy_file_is_there(file: str) -> None:
    assert (ROOT / file).is_file()


def test_three_runs_have_each_test_of_a_heavy_file_once() -> None:
    items = [Item(ROOT / ONE_BY_ONE[0], f"test_{number}") for number in range(7)]

    turns = _turns(*items)

    assert turns == [0, 1, 2, 0, 1, 2, 0]
    assert set(turns) == set(range(TURNS))


def test_other_tests_run_each_time() -> None:
    assert _turns(Item(Path(__file__), "test_other")) == [None]
