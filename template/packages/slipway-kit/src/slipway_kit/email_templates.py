"""Emails from text files, one file for each."""

from functools import cache
from pathlib import Path
from string import Template

from .mail import Mail

_MARK = "Subject: "


def render_email(folder: Path, name: str, /, to: str, **fields: str) -> Mail:
    """Return a mail with the text of a file, its $fields filled in.

    A field is one line of printable characters, whatever was given: a client cannot add a line to
    the service's text. A paragraph with only an empty field is removed.

    Args:
        folder: Where the files are.
        name: The file's name, without the ending.
        to: The address.
        fields: What the text asks for, no less and no more.

    Raises:
        ValueError: A field is missing, or the text has no such field.
    """
    subject, text = _read(folder, name)
    known = {*subject.get_identifiers(), *text.get_identifiers()}
    if known != fields.keys():
        raise ValueError(f"{name} has the fields {sorted(known)}, not {sorted(fields)}")
    lines = {field: _one_line(value) for field, value in fields.items()}
    paragraphs = (each.strip("\n") for each in text.substitute(lines).split("\n\n"))
    return Mail(to, subject.substitute(lines), "\n\n".join(filter(None, paragraphs)) + "\n")


@cache
def _read(folder: Path, name: str) -> tuple[Template, Template]:
    head, _, text = (folder / f"{name}.txt").read_text(encoding="utf-8").partition("\n\n")
    if not head.startswith(_MARK) or "\n" in head:
        raise ValueError(f"{name}: must begin with a line {_MARK!r}, and then an empty line")
    return Template(head.removeprefix(_MARK)), Template(text)


def _one_line(value: str) -> str:
    return " ".join("".join(each if each.isprintable() else " " for each in value).split())
