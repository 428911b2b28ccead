"""The template's questions, read from the files that Copier reads, for tools and tests."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

ROOT = Path(__file__).resolve().parent.parent
Answers = dict[str, Any]
Value = str | bool
Pair = frozenset[tuple[str, Value]]


@dataclass(frozen=True)
class Question:
    """One entry of the questions' files."""

    name: str
    details: Mapping[str, Any]

    @property
    def is_computed(self) -> bool:
        """Whether it is never asked; what is asked has a help."""
        return "help" not in self.details

    @property
    def is_text(self) -> bool:
        """Whether people answer it with words of their own."""
        return self.details["type"] == "str" and not self.is_computed and not self.choices

    @property
    def choices(self) -> dict[str, Value]:
        """Labels to values; empty for free text."""
        if self.is_computed:
            return {}
        if self.details["type"] == "bool":
            return {"yes": True, "no": False}
        given = self.details.get("choices", {})
        if not isinstance(given, dict):
            return {value: value for value in given}
        return {
            label: choice["value"] if isinstance(choice, dict) else choice
            for label, choice in given.items()
        }

    @property
    def help(self) -> str:
        """What people are asked."""
        return str(self.details["help"])


class Questions:
    """All questions, in asking order."""

    def __init__(self, root: Path = ROOT):
        self._root = root
        self._environment = SandboxedEnvironment(
            loader=FileSystemLoader(root),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
        )
        self._compiled = cache(self._environment.from_string)
        included = re.findall(r"^!include (.+)$", (root / "copier.yml").read_text(), re.MULTILINE)
        self.all = [
            Question(name, details)
            for file in included
            for name, details in yaml.safe_load((root / file).read_text()).items()
        ]

    @cached_property
    def asked(self) -> list[Question]:
        """Those that people answer."""
        return [question for question in self.all if not question.is_computed]

    @cached_property
    def chosen(self) -> list[Question]:
        """Those that people answer by choosing; the variants of the template are their mixes."""
        return [question for question in self.asked if question.choices]

    def complete(self, answers: Answers) -> Answers:
        """Return the answers with defaults and computed ones added, as Copier does it."""
        context: Answers = {"_copier_conf": {"data": answers}}
        for question in self.all:
            if question.name in answers and not question.is_computed:
                context[question.name] = answers[question.name]
            else:
                value = self._render(question.details.get("default", ""), context)
                if question.details["type"] == "bool" and isinstance(value, str):
                    value = value == "True"
                context[question.name] = value
        return context

    def is_asked(self, question: Question, answers: Answers) -> bool:
        """Return whether a question is put to someone who gave these answers before it."""
        when = question.details.get("when", True)
        return self._render(when, answers) in (True, "True", "true")

    def variants(self) -> Iterator[Answers]:
        """Yield every mix of choices that can be answered."""
        names = [question.name for question in self.chosen]
        for values in itertools.product(*(list(q.choices.values()) for q in self.chosen)):
            answers = dict(zip(names, values, strict=True))
            if self.is_possible(answers):
                yield answers

    def mix(self, answers: Answers) -> Answers:
        """Return what is chosen by someone who gives these answers, defaults elsewhere."""
        complete = self.complete(answers)
        return {question.name: complete[question.name] for question in self.chosen}

    def examples(self) -> list[Answers]:
        """Return the answers of the files in examples/, in the order of their names."""
        files = sorted((self._root / "examples").glob("*.yml"))
        return [yaml.safe_load(file.read_text()) for file in files]

    def is_possible(self, answers: Answers) -> bool:
        """Return whether each feature that was chosen could be chosen, and each choice be taken."""
        return not any(
            (answers[question.name] not in {False, "none"} and not self.is_asked(question, answers))
            or self._is_refused(question, answers)
            for question in self.chosen
        )

    def _is_refused(self, question: Question, answers: Answers) -> bool:
        given = question.details.get("choices", {})
        for choice in given.values() if isinstance(given, dict) else ():
            if isinstance(choice, dict) and choice["value"] == answers[question.name]:
                return bool(self._render(choice["validator"], answers).strip())
        return False

    def render(self, source: str, context: Answers) -> str:
        """Render a text of the template."""
        return self._compiled(source).render(context)

    def _render(self, value: Any, context: Answers) -> Any:
        return self.render(value, context) if isinstance(value, str) else value


def pairs_of(answers: Mapping[str, Value]) -> set[Pair]:
    """Return every pair of answers that stand together in a mix."""
    return {frozenset(pair) for pair in itertools.combinations(answers.items(), 2)}


def pairwise(questions: Questions) -> list[Answers]:
    """Return few mixes that hold every possible pair of answers.

    The first is the default mix, and those of the examples come next: they are what teams choose.
    Greedy: the mix that adds most pairs is taken next, the first of equals, so that the same
    questions give the same list.
    """
    candidates = list(questions.variants())
    chosen = [questions.mix(answers) for answers in ({}, *questions.examples())]
    chosen = [mix for at, mix in enumerate(chosen) if mix not in chosen[:at]]
    # Sets of pairs as the bits of numbers: there are tens of thousands of mixes to compare.
    bits: dict[Pair, int] = {}
    masks = [
        sum(1 << bits.setdefault(pair, len(bits)) for pair in pairs_of(answers))
        for answers in candidates
    ]
    missing = (1 << len(bits)) - 1
    for mix in chosen:
        missing &= ~masks[candidates.index(mix)]
    while missing:
        best = max(range(len(masks)), key=lambda index: (masks[index] & missing).bit_count())
        chosen.append(candidates[best])
        missing &= ~masks[best]
    return chosen
