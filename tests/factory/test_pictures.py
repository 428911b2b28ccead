"""The pictures of README.md: they are there, small and fresh, and made by a command."""

import re
from pathlib import Path

import pytest

from tools import overview, panels, pictures
from tools.questions import ROOT

README = (ROOT / "README.md").read_text()
MOST_BYTES = 200_000


def test_the_readme_shows_every_picture_and_no_other() -> None:
    shown = set(re.findall(r"docs/pictures/[\w.-]+", README))

    assert shown == {str(file.relative_to(ROOT)) for file in pictures.PICTURES.iterdir()}


def test_the_readme_opens_with_the_overview() -> None:
    first = README.split("\n\n")[1]

    assert first.endswith("(docs/pictures/overview.svg)")


@pytest.mark.parametrize("file", sorted(pictures.PICTURES.iterdir()), ids=lambda file: file.name)
def test_a_picture_is_small(file: Path) -> None:
    assert file.stat().st_size < MOST_BYTES


def test_the_overview_is_what_make_pictures_draws() -> None:
    committed = (pictures.PICTURES / "overview.svg").read_text()

    assert committed == overview.drawn(), "run make pictures"


def test_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("tests.support.prometheus.UNPACKED", tmp_path)

    chromium, prometheus = pictures.missing()

    assert "apt-get install chromium" in chromium
    assert "apt-get download prometheus" in prometheus


def test_a_panel_is_drawn_from_its_query_its_unit_and_what_prometheus_responds() -> None:
    panel = {
        "title": "Requests <by> status",
        "fieldConfig": {"defaults": {"unit": "reqps"}},
        "targets": [{"expr": "requests"}],
    }
    responses = {
        "requests": [
            {"metric": {"job": "a", "status": "200"}, "values": [[0, "0"], [60, "4"]]},
            {"metric": {"job": "a", "status": "503"}, "values": [[0, "NaN"], [60, "1"]]},
        ]
    }

    page = panels.page({"title": "A service", "panels": [panel]}, "", responses.__getitem__, 0, 60)

    right = panels.WIDTH
    assert "Requests &lt;by&gt; status" in page
    assert "5 req/s" in page
    assert f'points="{panels.LEFT:.1f},{panels.HEIGHT:.1f} {right:.1f},24.0"' in page
    assert f'points="{right:.1f},96.0"' in page
    assert [text.strip() for text in re.findall(r"</b> (.+?)</span>", page)] == ["200", "503"]


def test_a_panel_without_a_series_says_so() -> None:
    panel = {
        "title": "Share that fails",
        "fieldConfig": {"defaults": {"unit": "percentunit"}},
        "targets": [{"expr": "errors"}],
    }

    page = panels.page({"title": "A service", "panels": [panel]}, "", lambda _: [], 0, 60)

    assert "No data" in page


def test_every_file_that_the_path_of_one_feature_names_is_there() -> None:
    table = (ROOT / "docs" / "contributing.md").read_text()
    _, _, path = table.partition("## One feature through the tree")
    rows = [line.split("|")[2] for line in path.partition("\n## ")[0].splitlines() if "|" in line]

    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]

    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []
