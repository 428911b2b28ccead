"""Write the template's uv.lock.jinja: one resolution, cut down to each variant when it is rendered.

All requirements that any variant has are resolved together once. In the lock that comes of it, each
package stands under the condition of the requirements that reach it, so that a rendered service has
exactly the versions that were tested, and `uv lock --check` passes in it.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.interpreters import uv_environment
from tools.questions import ROOT, Answers, Questions, pairwise

PROJECT = ROOT / "template" / "pyproject.toml.jinja"
LOCK = ROOT / "template" / "uv.lock.jinja"
RESERVED = ROOT / "questions" / "reserved.jinja"
KIT = ROOT / "template" / "packages" / "slipway-kit"
UNION_NAME = "zz-union-of-all-variants"
PLAIN = "project"
Condition = frozenset[str]
ALWAYS: Condition = frozenset()


# What the standard libraries of 3.12 to 3.14 do not share (docs.python.org, "What's New"), the test
# suite of Python itself, and the folder of a service's own tests.
OTHER_MODULES = {
    *(
        "aifc",
        "audioop",
        "cgi",
        "cgitb",
        "chunk",
        "crypt",
        "imghdr",
        "lib2to3",
        "mailcap",
        "msilib",
    ),
    *("nis", "nntplib", "ossaudiodev", "pipes", "sndhdr", "spwd", "sunau", "telnetlib", "uu"),
    *("xdrlib", "annotationlib", "compression", "test", "tests"),
}


@dataclass(frozen=True, order=True)
class Root:
    """A requirement of the service itself: where it stands and what it asks for."""

    group: str
    requirement: str

    @property
    def parsed(self) -> Requirement:
        """The requirement's parts."""
        return Requirement(self.requirement)


def requirements(project: dict[str, Any]) -> set[Root]:
    """Return all requirements of a parsed pyproject.toml; each extra of the kit is one."""
    plain = {
        Root(PLAIN, part) for text in project["project"]["dependencies"] for part in _parts(text)
    }
    groups = project.get("dependency-groups", {})
    return plain | {Root(group, text) for group, texts in groups.items() for text in texts}


def _parts(text: str) -> Iterator[str]:
    requirement = Requirement(text)
    if requirement.name != KIT.name:
        yield text
        return
    yield KIT.name
    yield from (f"{KIT.name}[{extra}]" for extra in requirement.extras)


def conditions(questions: Questions) -> dict[Root, Condition]:
    """Return under which conditions each requirement stands in the template's pyproject.toml.

    They are found by rendering it with all of them on, and again with each of them off.

    Raises:
        ValueError: A requirement asks for more than that certain conditions are all on.
    """
    source = PROJECT.read_text()
    everything = questions.complete({}) | dict.fromkeys(questions.conditions, True)
    roots = _rendered(questions, source, everything)
    without = {
        name: _rendered(questions, source, everything | {name: False})
        for name in questions.conditions
    }
    found = {
        root: frozenset(name for name, others in without.items() if root not in others)
        for root in roots
    }
    for answers in pairwise(questions):
        context = questions.complete(answers)
        wanted = {root for root in found if all(context[name] for name in found[root])}
        if strange := wanted ^ _rendered(questions, source, context):
            raise ValueError(
                f"{min(strange).requirement}: its condition is no list of names with and"
            )
    return found


def _rendered(questions: Questions, source: str, context: Answers) -> set[Root]:
    return requirements(tomllib.loads(questions.render(source, context)))


def write_union(folder: Path, roots: Iterable[Root]) -> None:
    """Write a project that requires everything at once."""
    by_group = defaultdict(list)
    for root in sorted(roots):
        by_group[root.group].append(root.requirement)
    lines = ["[project]", f'name = "{UNION_NAME}"', 'version = "0.1.0"']
    lines += [f'requires-python = "{requires_python()}"']
    lines += [f"dependencies = {by_group.pop(PLAIN)}", "[dependency-groups]"]
    lines += [f"{group} = {texts}" for group, texts in by_group.items()]
    kit = KIT.relative_to(ROOT / "template")
    lines += ["[tool.uv]", "package = false", "[tool.uv.sources]"]
    lines += [f'{KIT.name} = {{ path = "{kit}", editable = true }}']
    shutil.copytree(KIT, folder / kit)
    (folder / "pyproject.toml").write_text("\n".join(lines) + "\n")


def requires_python() -> str:
    """Return the range of Python that every variant declares."""
    questions = Questions()
    project = tomllib.loads(questions.render(PROJECT.read_text(), questions.complete({})))
    return str(project["project"]["requires-python"])


def reach(packages: dict[str, Any], root: Root) -> Iterator[tuple[str, str | None]]:
    """Yield every package that a requirement brings, and every extra of one, as (name, extra)."""
    start = root.parsed
    waiting = [(canonicalize_name(start.name), extra) for extra in (None, *start.extras)]
    reached: set[tuple[str, str | None]] = set()
    while waiting:
        name, extra = entry = waiting.pop()
        if entry in reached:
            continue
        reached.add(entry)
        package = packages[name]
        edges = package.get("dependencies", [])
        if extra is not None:
            # Without its [[package]] line an entry's sections parse as tables of "package".
            edges = package["package"]["optional-dependencies"].get(extra, [])
        for edge in edges:
            waiting += [(edge["name"], wanted) for wanted in (None, *edge.get("extra", []))]
    yield from reached


class LockTemplate:
    """The text of uv.lock.jinja."""

    def __init__(self, lock: str, found: dict[Root, Condition]):
        self.found = found
        head, *blocks = lock.split("[[package]]\n")
        self.head = head
        self.blocks = {tomllib.loads(block)["name"]: block.rstrip("\n") for block in blocks}
        if len(self.blocks) < len(blocks):
            raise ValueError("a package is locked in two versions: make the requirements agree")
        packages = {name: tomllib.loads(block) for name, block in self.blocks.items()}
        self.under: dict[tuple[str, str | None], set[Condition]] = defaultdict(set)
        for root, condition in found.items():
            for entry in reach(packages, root):
                self.under[entry].add(condition)

    def text(self) -> str:
        """Return the whole template."""
        parts = [
            "{#- Written by `make lock`; see tools/lock.py. -#}\n",
            self._kit_extras(),
            "{%- macro service() %}\n\n",
            self._service(),
            "{% endmacro -%}\n",
            # The service's own entry stands among the others in the order of names.
            "{%- set ns = namespace(written=false) -%}\n",
            "{%- macro before(name) -%}{%- if not ns.written and project_slug < name -%}",
            "{%- set ns.written = true -%}{{ service() }}{%- endif -%}{%- endmacro -%}\n",
            self.head.rstrip("\n") + "\n",
        ]
        for name, block in sorted(self.blocks.items()):
            if name == UNION_NAME:
                continue
            parts.append(f'{{{{ before("{name}") }}}}')
            parts += guarded(
                self.under[name, None], f"\n[[package]]\n{self._extras(name, block)}\n"
            )
        parts.append("{{ before('~') -}}\n")
        return "".join(parts)

    def _kit_extras(self) -> str:
        wanted = sorted(
            (extra, " and ".join(sorted(condition)))
            for root, condition in self.found.items()
            if root.parsed.name == KIT.name
            for extra in root.parsed.extras
        )
        entries = ", ".join(f'"{extra}" if {condition}' for extra, condition in wanted)
        return f"{{%- set kit_extras = [{entries}] | select | list -%}}\n"

    def _extras(self, name: str, block: str) -> str:
        # An extra's section stands only where something asks for the extra.
        head, mark, rest = block.partition("\n[package.optional-dependencies]\n")
        if not mark:
            return block
        section, separator, tail = rest.partition("\n\n")
        lines: list[str] = []
        for text in split_entries(section):
            extra = text.partition(" = ")[0]
            lines += guarded(self.under[name, extra], text + "\n")
        wanted = set().union(
            *(
                conditions
                for (other, extra), conditions in self.under.items()
                if other == name and extra is not None
            )
        )
        body = "".join(guarded(wanted, f"{mark}{''.join(lines)}"))
        return head + body.removesuffix("\n") + separator + tail

    def _service(self) -> str:
        plain = [root for root in self.found if root.group == PLAIN]
        groups = sorted({root.group for root in self.found} - {PLAIN})
        lines = [
            '[[package]]\nname = "{{ project_slug }}"\nversion = "0.1.0"\n',
            'source = { editable = "." }\n',
            "dependencies = [\n",
            *self._entries(plain, self._edge),
            "]\n",
            "\n[package.dev-dependencies]\n",
        ]
        for group in groups:
            members = [root for root in self.found if root.group == group]
            entries = [f"{group} = [\n", *self._entries(members, self._edge), "]\n"]
            lines += guarded({self._shared(members)}, "".join(entries))
        lines += ["\n[package.metadata]\nrequires-dist = [\n"]
        lines += [
            *self._entries(plain, self._declared),
            "]\n",
            "\n[package.metadata.requires-dev]\n",
        ]
        for group in groups:
            members = [root for root in self.found if root.group == group]
            declared = self._entries(members, self._declared)
            if len(members) == 1:
                text = f"{group} = [{''.join(declared).strip().rstrip(',')}]\n"
            else:
                text = "".join([f"{group} = [\n", *declared, "]\n"])
            lines += guarded({self._shared(members)}, text)
        return "".join(lines)

    def _shared(self, members: list[Root]) -> Condition:
        """Return the condition of a group that comes and goes as a whole; else ALWAYS."""
        found = {self.found[root] for root in members}
        return found.pop() if len(found) == 1 else ALWAYS

    def _entries(self, roots: list[Root], write: Any) -> Iterator[str]:
        # What all of a group share stands around the group: an empty one would be left otherwise.
        shared = self._shared(roots)
        for root in sorted(roots, key=lambda root: canonicalize_name(root.parsed.name)):
            if root.parsed.name == KIT.name and root.parsed.extras:
                continue  # they stand in the entry of the kit
            yield from guarded({self.found[root] - shared}, write(root.parsed))

    @staticmethod
    def _edge(requirement: Requirement) -> str:
        if requirement.name == KIT.name:
            extra = "{{ ', extra = ' ~ kit_extras | to_json if kit_extras }}"
            return f'    {{ name = "{KIT.name}"{extra} }},\n'
        extras = ", ".join(f'"{extra}"' for extra in sorted(requirement.extras))
        extra = f", extra = [{extras}]" if extras else ""
        return f'    {{ name = "{canonicalize_name(requirement.name)}"{extra} }},\n'

    @staticmethod
    def _declared(requirement: Requirement) -> str:
        if requirement.name == KIT.name:
            extra = "{{ ', extras = ' ~ kit_extras | to_json if kit_extras }}"
            path = KIT.relative_to(ROOT / "template")
            return f'    {{ name = "{KIT.name}"{extra}, editable = "{path}" }},\n'
        extras = ", ".join(f'"{extra}"' for extra in sorted(requirement.extras))
        extra = f", extras = [{extras}]" if extras else ""
        name = canonicalize_name(requirement.name)
        return f'    {{ name = "{name}"{extra}, specifier = "{requirement.specifier}" }},\n'


def split_entries(section: str) -> Iterator[str]:
    """Yield each key of a TOML table with the lines that belong to it."""
    entry: list[str] = []
    for line in section.splitlines():
        if entry and not line.startswith((" ", "]")):
            yield "\n".join(entry)
            entry = []
        entry.append(line)
    yield "\n".join(entry)


def guarded(alternatives: set[Condition], text: str) -> Iterator[str]:
    """Yield a text under its condition: one of the alternatives, each a set of flags."""
    if not alternatives or ALWAYS in alternatives:
        if alternatives:
            yield text
        return
    # {a} makes {a, b} needless
    needed = [c for c in alternatives if not any(other < c for other in alternatives)]
    tests = sorted(" and ".join(sorted(condition)) for condition in needed)
    yield f"{{% if {' or '.join(tests)} %}}\n{text}{{% endif %}}\n"


def versions_so_far(template: str) -> str:
    """Return the lock inside a lock template, all packages at once, for uv to keep its versions."""
    _, _, body = template.partition("{%- endmacro -%}\n")
    tags = re.compile(r"{{ before\(.*?\) -?}}|{% (if [^%]*|endif) %}\n?")
    return tags.sub("", body)


def uv(*arguments: str, folder: Path) -> str:
    """Run uv in a folder and return what it prints."""
    command = [str(Path(sys.executable).parent / "uv"), *arguments]
    done = subprocess.run(
        command, cwd=folder, env=uv_environment(), check=False, text=True, capture_output=True
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


def reserved(folder: Path, names: Iterable[str]) -> str:
    """Return the file of names that a service cannot take: what it installs, what Python has."""
    uv("sync", "--quiet", "--frozen", "--all-groups", folder=folder)
    script = (
        "import importlib.metadata as m, json, keyword, sys;"
        "print(json.dumps([*m.packages_distributions(), *sys.stdlib_module_names,"
        " *keyword.kwlist, *keyword.softkwlist]))"
    )
    distributions = set(names) - {UNION_NAME}
    found = json.loads(uv("run", "--frozen", "python", "-c", script, folder=folder))
    modules = {name for name in found if name.isidentifier() and name.islower()}
    modules |= {name.replace("-", "_") for name in distributions} | OTHER_MODULES
    lines = ["{#- Written by `make lock`: names that a service cannot take. -#}\n"]
    for name, values in (("distributions", distributions), ("modules", modules)):
        entries = "".join(f'  "{value}",\n' for value in sorted(values) if value[0] != "_")
        lines.append(f"{{%- set {name} = [\n{entries}] -%}}\n")
    return "".join(lines)


@dataclass(frozen=True)
class Written:
    """What `make lock` writes."""

    lock: str
    reserved: str
    packages: int


def build(*, upgrade: bool) -> Written:
    """Resolve everything; without an upgrade, versions stay where they are if they can."""
    found = conditions(Questions())
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_union(folder, found)
        if LOCK.exists():
            (folder / "uv.lock").write_text(versions_so_far(LOCK.read_text()))
        uv("lock", "--quiet", *(["--upgrade"] if upgrade else []), folder=folder)
        template = LockTemplate((folder / "uv.lock").read_text(), found)
        names = reserved(folder, template.blocks)
    return Written(template.text(), names, len(template.blocks) - 1)


def main() -> None:
    """Write the lock template and the reserved names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    written = build(upgrade=parser.parse_args().upgrade)
    LOCK.write_text(written.lock)
    RESERVED.write_text(written.reserved)
    print(f"{LOCK.relative_to(ROOT)}: {written.packages} packages")


if __name__ == "__main__":
    main()
