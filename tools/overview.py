"""Draw the picture at the top of README.md: what goes in, what comes out, what proves it.

It has a background of its own, so it is legible on a light page and on a dark one, and no numbers,
so a new question does not change it.
"""

from collections.abc import Iterator
from html import escape

WIDTH, HEIGHT = 960, 396
LINE = 20
INK, ACCENT = "#1f2328", "#0b5cad"
ANSWERS = (
    "Framework: FastAPI or Django",
    "Database: PostgreSQL, SQLite or none",
    "Accounts, Redis, metrics, Sentry, tracing",
    "Documentation page, containers, CI",
)
SERVICE = (
    "One HTTP contract for both frameworks",
    "Health checks, rate limits, logs, metrics",
    "Tests, types, lint and a locked environment",
    "Image, Compose files, CI, alerts, dashboards",
)
PROOFS = {
    "Conformance": (
        "One black-box suite asks",
        "each running service,",
        "whichever framework it",
        "has, over HTTP.",
    ),
    "Variants": (
        "Every pair of answers",
        "is rendered, installed,",
        "linted, typed, tested",
        "and served.",
    ),
    "Updates": (
        "From every release to",
        "this tree, with a team's",
        "own edits: no edit is",
        "lost.",
    ),
    "Outside judges": (
        "mypy, ruff, Schemathesis,",
        "Chromium, promtool,",
        "hadolint, actionlint,",
        "zizmor, gitleaks.",
    ),
}
FONT = "system-ui, -apple-system, 'DejaVu Sans', sans-serif"
HEAD = (
    '<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8"'
    f' orient="auto"><path d="M0 0L10 5L0 10z" fill="{ACCENT}"/></marker>'
)


def drawn() -> str:
    """Return the picture as SVG."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<title>Answers go in, a service comes out, and four kinds of tests prove it</title>",
        f"<defs>{HEAD}</defs>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#ffffff"/>',
        f'<g font-family="{FONT}" font-size="14">',
        *_card(20, 20, 340, "What goes in: your answers", ANSWERS),
        *_arrow((366, 58), (594, 58), "copier copy", "once"),
        *_arrow((366, 118), (594, 118), "copier update", "merges later releases"),
        *_card(600, 20, 340, "What comes out: your service", SERVICE),
        *_arrow((770, 156), (770, 182)),
        f'<rect x="20" y="186" width="{WIDTH - 40}" height="190" rx="6" fill="#eef4fb"/>',
        _text(36, 212, "What proves it: the tests of this repository", weight=600),
    ]
    for number, (title, proof) in enumerate(PROOFS.items()):
        lines += _card(36 + number * 225, 228, 213, title, proof)
    return "\n".join([*lines, "</g>", "</svg>", ""])


def _card(x: int, y: int, width: int, title: str, lines: tuple[str, ...]) -> Iterator[str]:
    height = 44 + LINE * len(lines) + 8
    yield (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="#f6f8fa"'
        ' stroke="#8c959f"/>'
    )
    yield _text(x + 14, y + 28, title, weight=600)
    for number, line in enumerate(lines):
        yield _text(x + 14, y + 56 + LINE * number, line)


def _arrow(
    start: tuple[int, int], end: tuple[int, int], above: str = "", below: str = ""
) -> Iterator[str]:
    yield (
        f'<path d="M{start[0]} {start[1]}L{end[0]} {end[1]}" stroke="{ACCENT}" stroke-width="2"'
        ' marker-end="url(#head)"/>'
    )
    middle = (start[0] + end[0]) // 2
    for y, text, weight in ((start[1] - 8, above, 600), (start[1] + 20, below, 400)):
        if text:
            yield _text(middle, y, text, weight=weight, anchor="middle")


def _text(x: int, y: int, text: str, *, weight: int = 400, anchor: str = "start") -> str:
    return (
        f'<text x="{x}" y="{y}" fill="{INK}" font-weight="{weight}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )
