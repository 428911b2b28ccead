"""What a rendered service's rules and dashboards ask Prometheus for."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

# A name with its labels, or a name that a rule records, which has a colon in it.
_SELECTOR = re.compile(r"[a-z_:][a-z0-9_:]*{[^}]*}|\b[a-z_]+(?::[a-z0-9_]+)+\b(?!{)")
_BY = re.compile(r"by \(([a-z_, ]+)\)")


@dataclass(frozen=True)
class Query:
    """An expression of a rule or a panel.

    Attributes:
        place: The file, and the rule or panel in it.
        text: The expression, with a minute for what Grafana fills in.
    """

    place: str
    text: str

    @property
    def selectors(self) -> set[str]:
        """The series that it names."""
        return set(_SELECTOR.findall(self.text))

    @property
    def labels(self) -> set[str]:
        """The labels that it groups by."""
        return {label.strip() for group in _BY.findall(self.text) for label in group.split(",")}


def rules(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Return each rule of a service's folder `deploy/monitoring`, with its file."""
    for file in sorted((folder / "rules").glob("*.yml")):
        for group in yaml.safe_load(file.read_text())["groups"]:
            for rule in group["rules"]:
                yield file, rule


def name_of(rule: dict[str, Any]) -> str:
    """Return what a rule records, or the name of its alert."""
    return str(rule.get("record") or rule["alert"])


def dashboards(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the dashboards of a service by the names of their files."""
    files = sorted((folder / "grafana" / "dashboards").glob("*.json"))
    return {file.name: json.loads(file.read_text()) for file in files}


def queries(folder: Path) -> Iterator[Query]:
    """Return every expression of the rules and the dashboards."""
    for file, rule in rules(folder):
        yield Query(f"{file.name}: {name_of(rule)}", rule["expr"])
    for name, dashboard in dashboards(folder).items():
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                text = target["expr"].replace("$__rate_interval", "1m")
                yield Query(f"{name}: {panel['title']}", text)
