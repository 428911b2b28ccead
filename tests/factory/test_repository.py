"""What the template's own files promise."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from packaging.version import Version
from pathspec import PathSpec

from tools.questions import ROOT
from tools.releases import releases

TEMPLATE = ROOT / "template"
MANIFEST = ROOT / "manifest.yml"
UNITS = ROOT / "tests" / "units"
ROOTS = {"fastapi": "{{ on_fastapi }}", "django": "{{ on_django }}"}
SOURCES = sorted(path for path in TEMPLATE.rglob("*") if path.is_file())
MOST_TAGS = 22
MOST_TAGS_IN_PYTHON = 16
GENERATED = {"uv.lock.jinja"}


def _destination(source: Path) -> str:
    parts = source.relative_to(TEMPLATE).parts
    return "/".join(p for p in parts if p not in ROOTS.values()).removesuffix(".jinja")


def _root(source: Path) -> str:
    return source.relative_to(TEMPLATE).parts[0]


@pytest.mark.parametrize(("framework", "other"), [("fastapi", "django"), ("django", "fastapi")])
def test_no_two_sources_have_one_destination(framework: str, other: str) -> None:
    sources = [source for source in SOURCES if _root(source) != ROOTS[other]]
    destinations = [_destination(source) for source in sources]

    assert any(_root(source) == ROOTS[framework] for source in sources)
    assert sorted(set(destinations)) == sorted(destinations)


def test_the_kit_is_the_same_to_the_byte_in_every_service() -> None:
    kit = [source for source in SOURCES if "slipway-kit" in source.parts]

    asking = [source for source in kit if source.suffix == ".jinja"]

    assert len(kit) > 60
    assert asking == []


def test_each_folder_stands_where_it_is_rendered() -> None:
    folders = {part for source in SOURCES for part in source.relative_to(TEMPLATE).parts[:-1]}

    named_by_answers = {folder for folder in folders if "{" in folder}

    assert named_by_answers == {*ROOTS.values(), "{{ package_name }}"}


def _lines(manifest: Path) -> list[str]:
    return sorted(set(re.findall(r"^ +(/.*)$", manifest.read_text(), re.MULTILINE)))


@pytest.mark.parametrize("pattern", _lines(UNITS / "manifest.yml"))
def test_each_line_of_the_unit_tests_manifest_names_what_there_is(pattern: str) -> None:
    # shared/test_redis.py.jinja becomes tests/units/test_redis.py.
    units = [
        "tests/units/" + path.relative_to(UNITS).as_posix().partition("/")[2].removesuffix(".jinja")
        for path in UNITS.glob("*/**/*.*")
    ]

    assert any(PathSpec.from_lines("gitignore", [pattern]).match_files(units))


@pytest.mark.parametrize("pattern", _lines(MANIFEST))
def test_each_line_of_the_manifest_names_what_there_is(pattern: str) -> None:
    named = PathSpec.from_lines("gitignore", [pattern])

    assert any(named.match_files(map(_destination, SOURCES)))
    # Such a line would leave the folder, empty.
    assert not pattern.endswith("/")


def test_only_an_update_across_a_migration_asks_for_trust() -> None:
    settings = (ROOT / "copier.yml").read_text()
    released = [Version(release.version) for release in releases()]

    assert not re.search(r"^_(tasks|jinja_extensions)", settings, re.MULTILINE)
    migrations = yaml.safe_load(settings.partition("\n---\n")[0])["_migrations"]
    for migration in migrations:
        # Without a version each update would ask. One before the first release would never run.
        assert Version(migration["version"].removeprefix("v")) > released[0]
        script = re.search(r"hooks/[\w.]+", " ".join(migration["command"]))
        assert script
        assert (ROOT / script[0]).is_file()


@pytest.mark.parametrize(
    "source",
    [path for path in SOURCES if path.suffix == ".jinja" and path.name not in GENERATED],
    ids=_destination,
)
def test_a_templated_file_varies_and_has_few_tags(source: Path) -> None:
    text = source.read_text()
    tags = text.count("{%")
    # .gitignore would otherwise hide files of the template itself.
    assert tags or "{{" in text or source.name == ".gitignore.jinja"
    assert tags <= MOST_TAGS, "when a file fills with tags, the seam is in the wrong place"


@pytest.mark.parametrize(
    "source",
    [path for path in SOURCES if path.name.endswith(".py.jinja")],
    ids=_destination,
)
def test_a_python_file_has_few_tags_and_no_line_break_in_an_expression(source: Path) -> None:
    # The package's name is not a choice.
    text = source.read_text().replace("{{ package_name }}", "")
    tags = re.findall(r"\{[{%].*?[}%]\}", text, re.DOTALL)

    assert len(tags) <= MOST_TAGS_IN_PYTHON
    assert [tag for tag in tags if r"\n" in tag or (tag.startswith("{{") and "\n" in tag)] == []


def test_an_update_is_proven_by_one_command_wherever_it_is_written() -> None:
    # The README's last line is how every release ends it: people write on below, and a change of it
    # would meet theirs.
    pages = [*SOURCES, ROOT / "docs" / "updating.md", ROOT / "README.md"]
    proofs = {
        str(page.relative_to(ROOT)): set(re.findall(r"uv lock && make [a-z ]+", page.read_text()))
        for page in pages
        if page.name not in {"README.md.jinja", *GENERATED}
    }

    written = {page: found for page, found in proofs.items() if found}

    assert len(written) == 4
    assert set.union(*written.values()) == {"uv lock && make install lint typecheck test"}


def test_no_file_of_the_template_is_ignored_by_git() -> None:
    ignored = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin"],
        cwd=ROOT,
        input="\n".join(str(source) for source in SOURCES),
        check=False,
        capture_output=True,
        text=True,
    ).stdout

    assert ignored == ""


def test_actions_are_pinned_to_a_commit_with_their_version_beside_it() -> None:
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    uses = [
        line.strip()
        for workflow in workflows
        for line in workflow.read_text().splitlines()
        if re.match(r"\s*(- )?uses:", line)
    ]

    assert workflows
    assert uses
    for line in uses:
        assert re.fullmatch(r"(- )?uses: [\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v\d+(\.\d+)*", line), (
            line
        )
    assert all(yaml.safe_load(workflow.read_text()) for workflow in workflows)
