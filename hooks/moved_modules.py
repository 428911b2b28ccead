"""Imports of modules that the template has moved from the service into its library package.

The template's own files import them by their new names. This does the same for a team's files:
imports, dotted names in strings (Django settings, dictConfig, mock.patch), and dotted names in
*.toml, *.cfg, *.ini, *.yml and *.yaml. It changes nothing else in a file, and no file that git
ignores, below packages/, or where git has left conflicts. A second run changes nothing.

Copier calls it after an update, in the service's folder (copier.yml, _migrations). By hand, in the
service's folder, from a clone of the template and with the Python that has Copier:

    uvx --from copier python CLONE/hooks/moved_modules.py .copier-answers.yml OLD=NEW ...

OLD is relative to the service's package: core.logs=slipway_kit.logs. It runs on whatever Python
Copier runs on, 3.10 and later.
"""

import ast
import codecs
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import yaml

_USAGE = "usage: moved_modules.py ANSWERS_FILE OLD=NEW ... (OLD: core.logs, NEW: slipway_kit.logs)"
_ELSEWHERE = "no package_name, or no git: run this in the service's own folder"
_PYTHON = frozenset({".py", ".pyi"})
_CONFIGURATION = frozenset({".toml", ".cfg", ".ini", ".yml", ".yaml"})
_NOT_OURS = frozenset({".venv", "node_modules"})
_CONFLICT = re.compile(r"^(<<<<<<<|>>>>>>>) ", re.MULTILINE)
_COMMENT = r"(?:^|(?<=\s))#.*|^\s*;.*"
_NAME_START = r"(?:(?<![\w./@-])|(?<=\\[nrt]))"  # after an escape's letter, too
_FROM = re.compile(r"from([\s\\]*)([\w.][\w.\s\\]*?)([\s\\]*)\bimport\b")
_DOTTED = re.compile(r"\w+(?:[\s\\]*\.[\s\\]*\w+)*")
_SPACE = re.compile(r"[\s\\]")
_AFTER_NAME = re.compile(r"[ \t]*,?[ \t]*((?:#[^\r\n]*)?(?:\r\n|\r|\n))?")
_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?=[\r\n]|\Z)")
_Edit = tuple[int, int, str]


@dataclass(frozen=True)
class Moves:
    """New names of modules by their old ones, both absolute; the files are those of the service."""

    package: str
    modules: dict[str, str]

    def new_names(self, name: str) -> tuple[str, str] | None:
        """Return the new names of a moved module and of what is named in it; None for others."""
        parts = name.split(".")
        for count in range(len(parts), 1, -1):
            if new := self.modules.get(".".join(parts[:count])):
                ends = range(count, len(parts) + 1)
                stays = any(file_of(".".join(parts[:end])) for end in ends)
                return None if stays else (new, ".".join([new, *parts[count:]]))
        return None

    def new_name(self, name: str) -> str | None:
        """Return the new name of a module or of an object in it; None if it has not moved."""
        new = self.new_names(name)
        return new and new[1]

    def in_text(self, text: str, but: str = r"(?!)") -> str:
        """Return a text with the new names, except in what a pattern matches."""
        dotted = rf"{_NAME_START}{self.package}(?:\.[^\W\d]\w*)+"
        pattern = re.compile(f"{but}|{dotted}", re.MULTILINE)
        return pattern.sub(lambda found: self.new_name(found[0]) or found[0], text)


def file_of(module: str) -> Path | None:
    """Return the file of a module of the service; None if it has none."""
    path = Path("src", *module.split("."))
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


def main(arguments: Sequence[str]) -> int:
    """Rewrite the imports; print the changed files, and on standard error what stays."""
    answers_file, *given = arguments or [""]
    pairs = [pair for pair in given if pair]  # of another framework's
    if not pairs or not all(re.fullmatch(r"[\w.]+=\w+(\.\w+)+", pair) for pair in pairs):
        print(_USAGE, file=sys.stderr)
        return 2
    try:
        package = yaml.safe_load(Path(answers_file).read_bytes())["package_name"]
        files = sorted(_files(answers_file))
    except (OSError, KeyError, TypeError, yaml.YAMLError, subprocess.CalledProcessError):
        print(f"moved modules: {answers_file}: {_ELSEWHERE}", file=sys.stderr)
        return 1
    moves = Moves(package, {f"{package}.{o}": n for o, n in (pair.split("=") for pair in pairs)})
    for module in moves.modules:
        if file := file_of(module):
            print(f"{file}: is still here, so imports of {module} stay", file=sys.stderr)
    _rewrite(files, moves)
    return 0


def _files(answers_file: str) -> Iterator[Path]:
    """Yield the service's own files, without links and what stands behind them."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, capture_output=True).stdout
    root = Path.cwd().resolve()
    for path in {Path(os.fsdecode(name)) for name in listed.split(b"\0")}:
        is_own = path.parts[:1] != ("packages",) and _NOT_OURS.isdisjoint(path.parts)
        is_read = path.suffix in _PYTHON | _CONFIGURATION and path != Path(answers_file)
        if is_own and is_read and path.is_file() and path.resolve() == root / path:
            yield path


def _rewrite(files: Sequence[Path], moves: Moves) -> None:
    words = {module.rpartition(".")[2] for module in moves.modules}
    left = []
    for path in files:
        try:
            content = path.read_bytes()
            if any(word.encode() in content or word in path.parts for word in words):
                _rewrite_file(path, content, moves)
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            left.append(str(path))
    if left:
        python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
        why = f"not UTF-8, with conflicts, or nothing that {python} can parse"
        print(f"moved modules: these stay as they are ({why}): {', '.join(left)}", file=sys.stderr)


def _rewrite_file(path: Path, content: bytes, moves: Moves) -> None:
    mark = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    text = content[len(mark) :].decode()
    if _CONFLICT.search(text):
        raise ValueError(path)
    if path.suffix in _PYTHON:
        new = _Rewriter(text, path, moves).rewritten(ast.parse(text))
    else:
        new = moves.in_text(text, but=_COMMENT)
    if new == text:
        return
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(mark + new.encode())
    try:
        shutil.copymode(path, file.name)
        Path(file.name).replace(path)
    finally:
        Path(file.name).unlink(missing_ok=True)
    print(f"{path}: has the new names of moved modules")


def _misses(tree: ast.Module, package: str) -> bool:
    """Return True if a module uses the package's name, and does not import it at its top level."""
    bound = {
        alias.asname or alias.name.partition(".")[0]
        for node in tree.body
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return package in used - bound


def _apply(edits: Sequence[_Edit], text: str, start: int = 0, end: int | None = None) -> str:
    """Return a part of a text with edits, whose places are those of the whole text."""
    parts, done = [], start
    for begin, stop, new in sorted(edits):
        parts += [text[done:begin], new]
        done = stop
    return "".join([*parts, text[done:end]])


class _Rewriter(ast.NodeVisitor):
    """The edits to a file, which a visit of its tree collects."""

    def __init__(self, text: str, path: Path, moves: Moves) -> None:
        self._text, self._moves = text, moves
        self._parents = path.parts[1:-1] if path.parts[:2] == ("src", moves.package) else ()
        self._lines = text.encode().splitlines(keepends=True)
        lengths = (len(line.decode()) for line in self._lines)
        self._starts = list(accumulate(lengths, initial=0))
        self._edits: list[_Edit] = []
        self._makes_uses_work = False
        self._uses: set[str] = set()

    def rewritten(self, tree: ast.Module) -> str:
        """Return the text with the new names."""
        aliases = (a for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names)
        package = self._moves.package
        own = [a for a in aliases if not a.asname and f"{a.name}.".startswith(f"{package}.")]
        self._makes_uses_work = bool(own)
        self.visit(tree)
        imported = [f"{self._moves.new_name(alias.name)}." for alias in own]
        for module in sorted(self._uses):
            if not any(name.startswith(f"{module}.") for name in imported):
                self._import_also(module, own[0])
        new = _apply(self._edits, self._text)
        if not _misses(ast.parse(new), package):
            return new
        for alias in own:
            if self._moves.new_name(alias.name):
                self._import_also(package, alias)
        return _apply(self._edits, self._text)

    def _import_also(self, module: str, alias: ast.alias) -> None:
        end = self._span(alias)[1]
        self._edits.append((end, end, f", {module}"))

    def visit_Import(self, node: ast.Import) -> None:
        """Rewrite `import PACKAGE.core.logs`."""
        for alias in node.names:
            if new := self._moves.new_name(alias.name):
                start, end = self._span(alias)
                self._edits.append((start, end, _DOTTED.sub(new, self._text[start:end], 1)))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Rewrite `PACKAGE.core.logs.configure`, which such imports make work."""
        start, end = self._span(node)
        if new := self._use(self._text[start:end]):
            self._edits.append((start, end, new))
        else:
            self.generic_visit(node)

    def _use(self, text: str) -> str:
        is_name = self._makes_uses_work and _DOTTED.fullmatch(text)
        new = self._moves.new_names(_SPACE.sub("", text)) if is_name else None
        if not new:
            return ""
        self._uses.add(new[0])
        return new[1]

    def visit_Constant(self, node: ast.Constant) -> None:
        """Rewrite dotted names in a string."""
        if isinstance(node.value, str):
            self._edit_string(node)

    def _edit_string(self, node: ast.expr) -> None:
        start, end = self._span(node)
        self._edits.append((start, end, self._moves.in_text(self._text[start:end])))
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute):
                self._use(ast.unparse(part))

    # As a whole: before Python 3.12 the parts of an f-string have no places of their own.
    visit_JoinedStr = visit_TemplateStr = _edit_string  # noqa: N815

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Rewrite `from .core import logs`: a statement for each module that has its names now."""
        up = len(self._parents) - node.level + 1
        if node.level and up <= 0:
            return  # relative to another package
        base = ".".join([*(self._parents[:up] if node.level else ()), *filter(None, [node.module])])
        groups: dict[str, dict[ast.alias, str]] = {"": {}}
        for alias in node.names:
            is_star = alias.name == "*"
            new = self._moves.new_name(base if is_star else f"{base}.{alias.name}")
            module, _, name = (f"{new}.*" if is_star and new else new or "").rpartition(".")
            groups.setdefault(module, {})[alias] = name or alias.name
        if len(groups) == 1:
            return
        start, end = self._span(node)
        parts = [self._part(node, module, names) for module, names in groups.items() if names]
        indent = self._text[self._starts[node.lineno - 1] : start]
        comment = _REST_OF_LINE.match(self._text, end)
        between = "; "
        if comment and not indent.strip():
            newline = "\r\n" if "\r\n" in self._text else "\n"
            between = f"{comment[0]}{newline}{indent}"
        self._edits.append((start, end, between.join(parts)))

    def _part(self, node: ast.ImportFrom, module: str, names: dict[ast.alias, str]) -> str:
        """Return a statement with some of its names alone, from another module if it says one."""
        start, end = self._span(node)
        head = _FROM.match(self._text, start, end)
        assert head  # noqa: S101 (each such statement begins so)
        new = f"{'' if head[1] else ' '}{module}{'' if head[3] else ' '}"
        edits = [(*head.span(2), new if module else head[2])]
        spans = {alias: self._span(alias) for alias in node.names}
        first, last = spans[node.names[0]][0], spans[node.names[-1]][1]
        texts = []
        for alias, name in names.items():
            name_end = spans[alias][0] + len(alias.name)
            new = name if alias.asname or name == alias.name else f"{name} as {alias.name}"
            edits.append((spans[alias][0], name_end, new))
            texts.append(new + self._text[name_end : spans[alias][1]])
        dropped = [alias for alias in node.names if alias not in names]
        has_lines = "(" in self._text[head.end() : first] and "\n" in self._text[first:last]
        if dropped and not has_lines:
            edits = [edits[0], (first, last, ", ".join(texts))]
        else:
            edits += [self._cut(alias) for alias in dropped]
        return _apply(edits, self._text, start, end)

    def _cut(self, alias: ast.alias) -> _Edit:
        """Take a name out of a list; where it has a line of its own, that line."""
        start, end = self._span(alias)
        line = self._starts[alias.lineno - 1]
        after = _AFTER_NAME.match(self._text, end)
        assert after  # noqa: S101 (it matches nothing, too)
        if after[1] is None or self._text[line:start].strip():
            return start, after.end() if after[1] is None else after.start(1), ""
        return line, after.end(), ""

    def _span(self, node: ast.expr | ast.stmt | ast.alias) -> tuple[int, int]:
        """Return where a node starts and ends in the text; the tree counts bytes of lines."""
        return (
            self._place(node.lineno, node.col_offset),
            self._place(node.end_lineno or 0, node.end_col_offset or 0),
        )

    def _place(self, line: int, column: int) -> int:
        return self._starts[line - 1] + len(self._lines[line - 1][:column].decode())


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # a team's own tools tell what its code should not do
    sys.exit(main(sys.argv[1:]))
