"""The template's questions, read from the files that Copier reads, for tools and tests."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml
from jinja2 import FileSystemLoader, StrictUndefined, meta
from jinja2.sandbox import SandboxedEnvironment

ROOT = Path(__file__).resolve().parent.parent
Answers = dict[str, Any]
Value = str | bool
Pair = frozenset[tuple[str, Value]]
MANY = 3
"""From how many choices on a question decides how many mixes it takes to see all pairs."""
DECISIVE = 100
"""How many other pairs a pair of such questions counts for; more than a mix has."""
FIRST: list[Answers] = [{}, {"framework": "django"}]
"""What the first mixes answer, with defaults elsewhere: the default service of each framework."""
SEEDS = 20
"""Around how many missing pairs a next mix is tried; more took longer and found no better."""


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
    def is_switch(self) -> bool:
        """Whether people answer it with yes or no."""
        return self.details["type"] == "bool" and not self.is_computed

    @property
    def is_condition(self) -> bool:
        """Whether the template names it alone as a condition."""
        return self.is_switch or self.name.startswith("on_")

    @property
    def is_text(self) -> bool:
        """Whether people answer it with words of their own."""
        return self.details["type"] == "str" and not self.is_computed and not self.choices

    @property
    def choices(self) -> dict[str, Value]:
        """Labels to values; empty for free text."""
        if self.is_computed:
            return {}
        if self.is_switch:
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
        included = re.findall(
            r"^!include (questions/.+)$", (root / "copier.yml").read_text(), re.MULTILINE
        )
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
    def conditions(self) -> list[str]:
        """The names that conditions of the template consist of."""
        return [question.name for question in self.all if question.is_condition]

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
        names = [question.name for question in self.free]
        for bound in self.bound_mixes:
            for values in itertools.product(*(list(q.choices.values()) for q in self.free)):
                mix = bound | dict(zip(names, values, strict=True))
                yield {question.name: mix[question.name] for question in self.chosen}

    @cached_property
    def bound_mixes(self) -> list[Answers]:
        """Every mix that can be answered of the choices that depend on each other."""
        names = [question.name for question in self.chosen if question not in self.free]
        any_other = {question.name: next(iter(question.choices.values())) for question in self.free}
        choices = (list(q.choices.values()) for q in self.chosen if q not in self.free)
        mixes = (dict(zip(names, values, strict=True)) for values in itertools.product(*choices))
        return [mix for mix in mixes if self.is_possible(mix | any_other)]

    @cached_property
    def free(self) -> list[Question]:
        """The choices that depend on no other, and that no other depends on."""
        depending = {question.name: self._conditions(question) for question in self.chosen}
        named = {
            name
            for conditions in depending.values()
            for condition in conditions
            for name in meta.find_undeclared_variables(self._environment.parse(condition))
        }
        return [q for q in self.chosen if not depending[q.name] and q.name not in named]

    def possible_pairs(self) -> set[Pair]:
        """Return every pair of answers that some mix has."""
        pairs = set().union(*map(pairs_of, self.bound_mixes))
        given = {(name, value) for mix in self.bound_mixes for name, value in mix.items()}
        free = [[(q.name, value) for value in q.choices.values()] for q in self.free]
        pairs |= {frozenset(pair) for values in free for pair in itertools.product(given, values)}
        for one, other in itertools.combinations(free, 2):
            pairs |= {frozenset(pair) for pair in itertools.product(one, other)}
        return pairs

    @staticmethod
    def _conditions(question: Question) -> list[str]:
        given = question.details.get("choices", {})
        choices = given.values() if isinstance(given, dict) else ()
        refusals = [choice["validator"] for choice in choices if isinstance(choice, dict)]
        when = question.details.get("when", True)
        return [*refusals, when] if isinstance(when, str) else refusals

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

    The first is the default mix. The defaults with Django and those of the examples come next:
    they are what teams choose.
    Then each is made around one of the pairs that are missing, answer by answer, each time the one
    that adds most, and the best of these is taken (after Cohen et al., "The AETG System", 1997).
    Pairs of questions with three choices or more count most, for they decide how many mixes it
    takes. The last of equals is taken, which has the fewest features; nothing is left to chance.
    """
    chosen = [questions.mix(answers) for answers in FIRST + questions.examples()]
    chosen = [mix for at, mix in enumerate(chosen) if mix not in chosen[:at]]
    wide = {question.name for question in questions.chosen if len(question.choices) >= MANY}
    missing = {
        pair: DECISIVE if {name for name, _ in pair} <= wide else 1
        for pair in questions.possible_pairs()
    }
    while True:
        for mix in chosen:
            for pair in pairs_of(mix):
                missing.pop(pair, None)
        if not missing:
            return chosen
        seeds = sorted(missing, key=lambda pair: (-missing[pair], sorted(map(str, pair))))
        tried = [
            _completed(questions, {**bound, **dict(seed)}, missing)
            for bound in reversed(questions.bound_mixes)
            for seed in seeds[:SEEDS]
            if all(bound.get(name, value) == value for name, value in seed)
        ]
        chosen.append(max(tried, key=lambda mix: _gain(mix, missing)))


def _completed(questions: Questions, begun: Answers, missing: Mapping[Pair, int]) -> Answers:
    """Return a mix with answers to what is open, the widest questions first."""
    mix = dict(begun)
    for question in sorted(questions.free, key=lambda question: -len(question.choices)):
        if question.name not in mix:
            values = reversed(question.choices.values())
            mix[question.name] = max(
                values, key=lambda value: _gain({**mix, question.name: value}, missing)
            )
    return {question.name: mix[question.name] for question in questions.chosen}


def _gain(mix: Mapping[str, Value], missing: Mapping[Pair, int]) -> int:
    return sum(missing.get(pair, 0) for pair in pairs_of(mix))
