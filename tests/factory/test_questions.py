"""The questions, and the tables that must agree with them."""

import itertools
import json
import re

import pytest

from tools.questions import ROOT, Question, Questions, pairs_of, pairwise

QUESTIONS = Questions()


def _table(name: str) -> object:
    """Read a table of rules.jinja as the guard sees it."""
    source = f'{{% from "questions/rules.jinja" import {name} with context %}}'
    return QUESTIONS.render(source + f"{{{{ {name} | to_json }}}}", QUESTIONS.complete({}))


def test_the_guard_knows_every_question_and_its_choices() -> None:
    by_choice = {
        question.name: list(question.choices.values())
        for question in QUESTIONS.chosen
        if question.details["type"] == "str"
    }

    assert _table("choices") == json.dumps(by_choice)
    assert _table("switches") == json.dumps(
        [q.name for q in QUESTIONS.chosen if q.details["type"] == "bool"]
    )
    assert _table("texts") == json.dumps([q.name for q in QUESTIONS.asked if q.is_text])
    assert _table("computed") == json.dumps([q.name for q in QUESTIONS.all if q.is_computed])
    assert _table("needs_database") == json.dumps(
        [q.name for q in QUESTIONS.asked if "database" in str(q.details.get("when", ""))]
    )


@pytest.mark.parametrize("question", QUESTIONS.asked, ids=lambda question: question.name)
def test_every_question_has_one_line_of_help_and_a_default(question: Question) -> None:
    assert question.help
    assert len(question.help) <= 100
    assert "\n" not in question.help
    assert "default" in question.details


def test_every_free_text_has_a_validator() -> None:
    assert all("validator" in q.details for q in QUESTIONS.asked if q.is_text)


def test_the_pairwise_set_starts_with_the_defaults_and_holds_every_possible_pair() -> None:
    chosen = pairwise(QUESTIONS)

    defaults = QUESTIONS.complete({})
    assert chosen[0] == {q.name: defaults[q.name] for q in QUESTIONS.chosen}
    assert set().union(*map(pairs_of, chosen)) == QUESTIONS.possible_pairs()
    assert all(map(QUESTIONS.is_possible, chosen))
    assert len(chosen) <= 18


def test_no_mix_has_a_pair_that_is_not_counted_as_possible() -> None:
    some = itertools.islice(QUESTIONS.variants(), 0, None, 37)

    assert set().union(*map(pairs_of, some)) <= QUESTIONS.possible_pairs()


def test_the_examples_are_variants() -> None:
    chosen = pairwise(QUESTIONS)

    mixes = [QUESTIONS.mix(answers) for answers in QUESTIONS.examples()]
    assert len(mixes) >= 5
    assert all(mix in chosen[: len(mixes) + 1] for mix in mixes)


def test_no_variant_is_impossible() -> None:
    without = [answers for answers in QUESTIONS.variants() if answers["database"] == "none"]

    assert without
    assert not any(a["example"] or a["framework"] == "django" for a in without)


def test_the_readme_lists_every_question_with_its_choices() -> None:
    readme = (ROOT / "README.md").read_text()

    for question in QUESTIONS.asked:
        row = re.search(rf"^\| `{question.name}` \|(.*)$", readme, re.MULTILINE)
        assert row, f"README.md has no row for {question.name}"
        values = question.choices.values()
        for value in values:
            shown = {"True": "yes", "False": "no"}.get(str(value), value)
            assert f"`{shown}`" in row[1], f"README.md: {question.name} can be {shown}"
