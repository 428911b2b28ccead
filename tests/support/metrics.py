"""Metrics in Prometheus's text format, read without its library."""

import re
from collections.abc import Iterator

import httpx2

_SAMPLE = re.compile(r"^([a-z_]+)(?:{(.*)})? (\S+)$")
_LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


class Metrics:
    """What a service showed at one moment."""

    def __init__(self, text: str):
        self.text = text
        self.names = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
        self._samples = list(self._read(text))

    @classmethod
    def of(cls, url: str) -> "Metrics":
        """Ask a service for them."""
        return cls(httpx2.get(f"{url}/metrics", timeout=10).raise_for_status().text)

    @staticmethod
    def _read(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
        for line in text.splitlines():
            if not line.startswith("#"):
                found = _SAMPLE.match(line)
                assert found, line
                yield found[1], dict(_LABEL.findall(found[2] or "")), float(found[3])

    def sum(self, name: str, **labels: str) -> float:
        """Return the sum of the samples that have these labels."""
        return sum(
            value
            for sample, found, value in self._samples
            if sample == name and labels.items() <= found.items()
        )

    def labels(self, name: str) -> list[dict[str, str]]:
        """Return the labels of each sample of this name."""
        return [found for sample, found, _ in self._samples if sample == name]

    def series(self) -> set[str]:
        """Return every sample's name and labels."""
        return {f"{name}{sorted(found.items())}" for name, found, _ in self._samples}
