"""The page on the four plans names tests that there are."""

import re

import pytest

from tools.questions import ROOT

PAGE = (ROOT / "docs" / "plans.md").read_text()
PLANS = re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and "---" not in line]
PAGES = sorted(set(re.findall(r"`docs/([\w-]+\.md)` in the service", PAGE)))
PROOFS = sorted(set(re.findall(r"`([\w/]+\.py)::(test_\w+)`", PAGE)))


@pytest.mark.parametrize(("file", "name"), PROOFS, ids=lambda value: value)
def test_each_named_test_is_there(file: str, name: str) -> None:
    assert f"def {name}(" in (ROOT / "tests" / file).read_text()


@pytest.mark.parametrize("page", PAGES)
def test_each_named_page_is_in_services(page: str) -> None:
    assert list((ROOT / "template" / "docs").glob(f"{page}*"))


@pytest.mark.parametrize("plan", PLANS)
def test_each_plan_has_an_example(plan: str) -> None:
    assert (ROOT / "examples" / f"{plan}.yml").exists()


def test_each_line_of_a_plan_is_held_decided_or_open() -> None:
    said = ("::test_", "the contract's", "declined", "open", "](", "README.md", "one page", *PAGES)
    silent = [
        row for row in ROWS if row != "| line | held by |" and not any(s in row for s in said)
    ]

    assert len(PLANS) == 4
    assert silent == []
