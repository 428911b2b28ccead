"""Draw the panels of a Grafana dashboard as a page of HTML, from what Prometheus responds.

It is no Grafana: it takes the titles, units and queries of the dashboard's file, and draws lines.
"""

import math
from collections.abc import Callable, Iterator
from html import escape
from typing import Any

Series = dict[str, Any]
"""One series of Prometheus's `query_range`: its labels (`metric`) and its points (`values`)."""
Ask = Callable[[str], list[Series]]
"""Sends a query to Prometheus and returns the series."""

WIDTH, HEIGHT = 590, 120
LEFT, BOTTOM = 64, 18
COLORS = (
    *("#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed"),
    *("#0891b2", "#be185d", "#4d7c0f", "#334155", "#a16207"),
)
LONGEST_LEGEND = 40
_UNITS = {"reqps": (1.0, " req/s"), "percentunit": (100.0, " %"), "short": (1.0, "")}
_STYLE = """
* { box-sizing: border-box }
body { margin: 0; padding: 20px; width: 1280px; background: #f3f4f6; color: #111827;
  font: 13px "DejaVu Sans", sans-serif }
h1 { margin: 0; font-size: 20px }
p { margin: 4px 0 14px; color: #4b5563 }
main { display: grid; grid-template-columns: 1fr 1fr; gap: 12px }
section { background: white; border: 1px solid #d1d5db; border-radius: 4px; padding: 8px 10px }
h2 { margin: 0 0 6px; font-size: 13px }
text { font-size: 10px; fill: #6b7280 }
footer { height: 30px; overflow: hidden; font-size: 10px; line-height: 15px }
footer span { margin-right: 10px; white-space: nowrap }
"""


def page(dashboard: dict[str, Any], note: str, ask: Ask, start: float, end: float) -> str:
    """Return a page with all panels of a dashboard, from one time to another."""
    panels = "".join(_panel(panel, ask, start, end) for panel in dashboard["panels"])
    return (
        f'<!doctype html><meta charset="utf-8"><style>{_STYLE}</style>'
        f"<h1>{escape(dashboard['title'])}</h1><p>{escape(note)}</p><main>{panels}</main>"
    )


def _panel(panel: dict[str, Any], ask: Ask, start: float, end: float) -> str:
    asked = [(target["expr"], ask(target["expr"])) for target in panel["targets"]]
    every = [(query, series) for query, found in asked for series in found]
    points = [list(_points(series)) for _, series in every]
    top = _round_up(max((value for line in points for _, value in line), default=0.0))
    unit = panel["fieldConfig"]["defaults"]["unit"]
    drawn = [_grid(top, unit, end - start)]
    legend = []
    for number, (line, text) in enumerate(zip(points, legends(every), strict=True)):
        color = COLORS[number % len(COLORS)]
        places = " ".join(
            f"{LEFT + (at - start) / (end - start) * (WIDTH - LEFT):.1f},"
            f"{HEIGHT - value / top * HEIGHT:.1f}"
            for at, value in line
        )
        drawn.append(
            f'<polyline points="{places}" fill="none" stroke="{color}" stroke-width="1.6"/>'
        )
        legend.append(f'<span><b style="color: {color}">&#9473;</b> {escape(text)}</span>')
    if not every:  # which is also what Grafana writes
        drawn.append(f'<text x="{WIDTH // 2}" y="{HEIGHT // 2 - 6}">No data</text>')
    return (
        f"<section><h2>{escape(panel['title'])}</h2>"
        f'<svg width="{WIDTH}" height="{HEIGHT + BOTTOM}" viewBox="0 -6 {WIDTH} {HEIGHT + BOTTOM}">'
        f"{''.join(drawn)}</svg><footer>{' '.join(legend)}</footer></section>"
    )


def legends(every: list[tuple[str, Series]]) -> list[str]:
    """Return what each series of a panel is called: the labels in which they differ, or its query.

    Grafana's automatic legend does much the same.
    """
    labels = [series["metric"] for _, series in every]
    names = {name for each in labels for name in each}
    differing = {name for name in names if len({each.get(name) for each in labels}) > 1}
    found = []
    for query, series in every:
        own = series["metric"]
        text = " ".join(own[name] for name in sorted(own) if name in differing or len(every) == 1)
        text = text or query
        short = len(text) <= LONGEST_LEGEND
        found.append(text if short else f"{text[: LONGEST_LEGEND - 1]}…")
    return found


def _points(series: Series) -> Iterator[tuple[float, float]]:
    """Return the points of a series; a division by zero has none."""
    for at, value in series["values"]:
        if math.isfinite(number := float(value)):
            yield float(at), number


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 5, 10, 20 and so on."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def _grid(top: float, unit: str, seconds: float) -> str:
    drawn = []
    for share in (0.0, 0.5, 1.0):
        y = HEIGHT - share * HEIGHT
        drawn.append(f'<path d="M{LEFT} {y}H{WIDTH}" stroke="#e5e7eb"/>')
        text = amount(share * top, unit)
        drawn.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{text}</text>')
    for minute in range(int(seconds // 60) + 1):
        x = LEFT + minute * 60 / seconds * (WIDTH - LEFT)
        anchor = "start" if x < WIDTH - LEFT else "end"
        drawn.append(
            f'<text x="{x:.0f}" y="{HEIGHT + 12}" text-anchor="{anchor}">{minute} min</text>'
        )
    return "".join(drawn)


def amount(value: float, unit: str) -> str:
    """Return a number as a panel of this unit shows it."""
    if unit == "s":
        return f"{value * 1000:g} ms" if value < 1 else f"{value:g} s"
    factor, name = _UNITS[unit]
    return f"{value * factor:g}{name}"
