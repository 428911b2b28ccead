"""The questions, and the tables that must agree with them."""

import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from tools import table
from tools.questions import ROOT, Question, Questions, pairs_of, pairwise

QUESTIONS = Questions()


def _table(name: str) -> object:
    """Return a table of the guard, which reads it from the questions."""
    source = f'{{% from "questions/guard.jinja" import {name} %}}'
    return QUESTIONS.render(source + f"{{{{ {name} | to_json }}}}", QUESTIONS.complete({}))


def _is_asked_without_database(question: Question) -> bool:
    return QUESTIONS.is_asked(question, QUESTIONS.complete({}) | {"database": "none"})


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
        [q.name for q in QUESTIONS.asked if not _is_asked_without_database(q)]
    )


@pytest.mark.parametrize("question", QUESTIONS.asked, ids=lambda question: question.name)
def test_every_question_has_one_line_of_help_and_a_default(question: Question) -> None:
    assert question.help
    assert len(question.help) <= 100
    assert "\n" not in question.help
    assert "default" in question.details


def test_every_free_text_has_a_rule_that_its_validator_and_the_guard_call() -> None:
    rules = (ROOT / "questions" / "rules.jinja").read_text()

    for name, validator in ((q.name, q.details["validator"]) for q in QUESTIONS.asked if q.is_text):
        assert f"macro {name}_error(value)" in rules
        assert f"{name}_error({name})" in validator


def test_a_new_switch_is_known_to_the_guard_and_the_readme_by_its_question_alone(
    tmp_path: Path,
) -> None:
    shutil.copy(ROOT / "copier.yml", tmp_path)
    shutil.copytree(ROOT / "questions", tmp_path / "questions")
    features = tmp_path / "questions" / "features.yml"
    switch = "greeting: {type: bool, help: 'Render a greeting?', default: true}\n"
    features.write_text(features.read_text().replace("# {% endraw %}", f"{switch}# {{% endraw %}}"))

    questions = Questions(tmp_path)

    assert "| `greeting` | Render a greeting? | `yes`, `no` | `yes` |" in table.table(questions)
    guard = next(q for q in questions.all if q.name == "answers_guard").details["when"]
    with pytest.raises(UndefinedError, match=r"greeting cannot be maybe\. Answer yes or no\."):
        questions.render(guard, {"_copier_conf": {"data": {"greeting": "maybe"}}})
    assert questions.render(guard, {"_copier_conf": {"data": {"greeting": False}}}) == "false"


def test_the_pairwise_set_starts_with_the_defaults_and_holds_every_possible_pair() -> None:
    chosen = pairwise(QUESTIONS)

    assert chosen[:2] == [QUESTIONS.mix({}), QUESTIONS.mix({"framework": "django"})]
    assert set().union(*map(pairs_of, chosen)) == QUESTIONS.possible_pairs()
    assert all(map(QUESTIONS.is_possible, chosen))
    assert len(chosen) <= 22


def test_no_mix_has_a_pair_that_is_not_counted_as_possible() -> None:
    some = itertools.islice(QUESTIONS.variants(), 0, None, 37)

    assert set().union(*map(pairs_of, some)) <= QUESTIONS.possible_pairs()


def test_the_examples_are_variants() -> None:
    chosen = pairwise(QUESTIONS)

    mixes = [QUESTIONS.mix(answers) for answers in QUESTIONS.examples()]
    assert len(mixes) >= 5
    assert all(mix in chosen[: len(mixes) + 2] for mix in mixes)


def test_no_variant_is_impossible() -> None:
    without = [answers for answers in QUESTIONS.variants() if answers["database"] == "none"]

    assert without
    assert not any(a["example"] or a["framework"] == "django" for a in without)


@pytest.mark.parametrize(
    ("file", "expected"),
    [(table.README, table.readme), (table.DEFAULTS, table.default_answers)],
    ids=["README", "default answers"],
)
def test_what_repeats_the_questions_is_up_to_date(
    file: Path, expected: Callable[[Questions], str]
) -> None:
    assert file.read_text() == expected(QUESTIONS), f"{file.name} is stale: run `make questions`"
