"""Write what repeats the questions: the README's table, and the default answers written out."""

import re

import yaml

from tools.questions import ROOT, Question, Questions

README = ROOT / "README.md"
DEFAULTS = ROOT / "examples" / "default.yml"
TABLE = re.compile(r"^\| question \|.*\n(\|.*\n)*", re.MULTILINE)
USAGE = "copier copy --data-file examples/default.yml ..."


def table(questions: Questions) -> str:
    """Return a table with a row for each question."""
    defaults = questions.complete({})
    rows = [
        (
            f"`{question.name}`",
            asks(questions, question),
            answers(question),
            shown(defaults[question.name]),
        )
        for question in questions.asked
    ]
    head = [("question", "asks", "answers", "default"), ("---",) * 4]
    return "".join(f"| {' | '.join(row)} |\n" for row in [*head, *rows])


def asks(questions: Questions, question: Question) -> str:
    """Return what people are asked, and whether only services with a database are."""
    needs_database = not questions.is_asked(question, questions.complete({}) | {"database": "none"})
    return question.help + (" (needs a database)" if needs_database else "")


def answers(question: Question) -> str:
    """Return what people can answer."""
    return ", ".join(map(shown, question.choices.values())) or "text"


def shown(value: object) -> str:
    """Return an answer as people type it."""
    typed = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
    return f"`{typed}`"


def readme(questions: Questions) -> str:
    """Return the README with the table of today's questions."""
    return TABLE.sub(lambda _: table(questions), README.read_text())


def default_answers(questions: Questions) -> str:
    """Return the file of the default answers."""
    defaults = questions.complete({})
    answers = {question.name: defaults[question.name] for question in questions.asked}
    return f"# The default answers, written out: {USAGE}\n{yaml.safe_dump(answers)}"


def main() -> None:
    """Write both."""
    questions = Questions()
    README.write_text(readme(questions))
    DEFAULTS.write_text(default_answers(questions))


if __name__ == "__main__":
    main()
