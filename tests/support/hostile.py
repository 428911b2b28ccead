"""Texts that break templates which only ever saw their author's own name."""

import random
import unicodedata

from tools.questions import Answers, Questions

QUESTIONS = Questions()
NASTY = [
    'He said "hi"',
    "It's O'Brien's",
    "\"double\" and 'single'",
    "back\\slash \\n \\u0041 \\",
    "{{ project_name }} {% raw %} {# note #}",
    "${HOME} $(date) `id` $$ %s %(x)s {0}",
    "# heading - [link](http://x.test) <b>bold</b> &amp; **strong** _em_ ~~no~~",
    "- dash first",
    "1. number first",
    "+ plus | pipe",
    "key: value # comment",
    "*anchor &alias !tag @at",
    "'''triple''' \"\"\"quotes\"\"\"",
    "emoji 🚲 👩‍👩‍👧 🇺🇳",
    "日本語のサービス",
    "שירות עברי",
    "Ünïcödé \u2018curly\u2019 \u201cquotes\u201d \u2013 dash\u2026",
    "true",
    "null",
    "0755",
    "=1+1",
    "~",
    "\\",
    "'",
    '"',
    "]]>",
    "/tmp is cleaned",  # noqa: S108 -- a linter takes it for a path, and so it may
    "0.0.0.0",  # noqa: S104 -- likewise for an address
    "%PATH% !x!",
    "; rm -rf / &",
    "a" * 200,
    "\\" * 100,
    '"' * 99,
    "x" + " y" * 99,
]


def hostile_answers(seed: int) -> Answers:
    """Return a possible mix of answers with hostile texts; the same seed gives the same one."""
    chance = random.Random(seed)  # noqa: S311 -- a seed makes a failing test repeatable
    answers = dict(chance.choice(QUESTIONS.bound_mixes))
    answers |= {q.name: chance.choice(list(q.choices.values())) for q in QUESTIONS.free}
    for name in ("project_name", "description", "author_name"):
        answers[name] = chance.choice([chance.choice(NASTY), _noise(chance)])
    answers["author_email"] = f"a.b+c_{seed}@x-y.example"
    return answers


def _noise(chance: random.Random) -> str:
    """Return visible characters from all over Unicode, among punctuation that means something."""
    special = "\\\"'`{}[]()<>#$%&*_-+=|~!?;:,./@^ "
    text = "".join(
        chance.choice(special) if chance.random() < 0.4 else _character(chance)
        for _ in range(chance.randint(1, 150))
    )
    return text.strip() or "x"


def _character(chance: random.Random) -> str:
    while True:
        character = chr(chance.randint(0x21, 0x1FFFF))
        if unicodedata.category(character)[0] in "LNPS":
            return character
