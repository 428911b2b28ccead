"""The migration that rewrites imports of modules that have moved into the library package."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from copier import run_copy, run_update

from hooks.moved_modules import main
from tests.support.edits import commit
from tests.support.repository import identify
from tools.questions import ROOT
from tools.releases import git

PAIRS = (
    "core.logs=slipway_kit.logs",
    "core.cache=slipway_kit.cache",
    "core.pages=slipway_kit.pagination",
    "core.limits=slipway_kit.rate_limit.limits",
    "middleware.cors=slipway_kit.asgi.cors",
    "jobs=slipway_kit.jobs",
    "jobs.worker=slipway_kit.workers.worker",
)
ANSWERS = "_commit: v2.0.0\npackage_name: orders\n"


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A service whose modules have moved, as an update leaves it."""
    folder = tmp_path / "service"
    _write(folder / ".copier-answers.yml", ANSWERS)
    _write(folder / ".gitignore", "ignored/\n")
    for package in ("", "core", "features"):
        _write(folder / "src" / "orders" / package / "__init__.py", "")
    git("init", "--quiet", folder=folder)
    monkeypatch.chdir(folder)
    return folder


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def _run() -> None:
    assert main([".copier-answers.yml", *PAIRS]) == 0


CUSTOM = "src/orders/custom.py"
FEATURE = "src/orders/features/views.py"
TEST = "tests/test_orders.py"
IMPORTS = {
    "an absolute import": (
        TEST,
        "from orders.core.logs import configure\n",
        "from slipway_kit.logs import configure\n",
    ),
    "an object by another name": (
        TEST,
        "from orders.core.logs import configure as set_up\n",
        "from slipway_kit.logs import configure as set_up\n",
    ),
    "a relative import": (
        CUSTOM,
        "from .core.logs import configure\n",
        "from slipway_kit.logs import configure\n",
    ),
    "a relative import from a folder": (
        FEATURE,
        "from ..core.logs import configure\n",
        "from slipway_kit.logs import configure\n",
    ),
    "a relative import in a package's __init__.py": (
        "src/orders/features/__init__.py",
        "from ..core.logs import configure\nfrom .core.logs import x\n",
        "from slipway_kit.logs import configure\nfrom .core.logs import x\n",
    ),
    "a module beside the file": (
        "src/orders/core/own.py",
        "from . import logs\nfrom .cache import Cache\n",
        "from slipway_kit import logs\nfrom slipway_kit.cache import Cache\n",
    ),
    "a module of the package above": (
        FEATURE,
        "from .. import jobs, settings\n",
        "from .. import settings\nfrom slipway_kit import jobs\n",
    ),
    "a relative import of another package": (
        "tests/unit/test_logs.py",
        "from ..core.logs import x\nfrom . import logs\n",
        "from ..core.logs import x\nfrom . import logs\n",
    ),
    "a relative import from above the package": (
        CUSTOM,
        "from ...core.logs import x\n",
        "from ...core.logs import x\n",
    ),
    "everything of a module": (
        TEST,
        "from orders.core.logs import *\n",
        "from slipway_kit.logs import *\n",
    ),
    "everything of a package that stays": (
        TEST,
        "from orders.core import *  # logs\n",
        "from orders.core import *  # logs\n",
    ),
    "a module": (
        TEST,
        "from orders.core import logs\n",
        "from slipway_kit import logs\n",
    ),
    "a module with another last name": (
        TEST,
        "from orders.core import pages\n",
        "from slipway_kit import pagination as pages\n",
    ),
    "a module with another last name and a name of its own": (
        TEST,
        "from orders.core import pages as p, logs as pages\n",
        "from slipway_kit import pagination as p, logs as pages\n",
    ),
    "modules of which one stays": (
        TEST,
        "from orders.core import logs, cache as c, other\n",
        "from orders.core import other\nfrom slipway_kit import logs, cache as c\n",
    ),
    "modules that move apart": (
        TEST,
        "from orders.core import logs, limits\n",
        "from slipway_kit import logs\nfrom slipway_kit.rate_limit import limits\n",
    ),
    "a split statement with a comment": (
        TEST,
        "def f():\n    from orders.core import logs, other  # noqa: F401\n    return 1\n",
        (
            "def f():\n    from orders.core import other  # noqa: F401\n"
            "    from slipway_kit import logs  # noqa: F401\n    return 1\n"
        ),
    ),
    "a split statement on a line with others": (
        TEST,
        "if x: from orders.core import logs, other; y = 1\n",
        "if x: from orders.core import other; from slipway_kit import logs; y = 1\n",
    ),
    "a split statement at the end of a file without a line break": (
        TEST,
        "from orders.core import logs, other",
        "from orders.core import other\nfrom slipway_kit import logs",
    ),
    "a split statement in parentheses": (
        TEST,
        "from orders.core import (logs, other,)\n",
        "from orders.core import (other,)\nfrom slipway_kit import (logs,)\n",
    ),
    "a split statement over lines with a backslash": (
        TEST,
        "from orders.core import logs, \\\n    other\n",
        "from orders.core import other\nfrom slipway_kit import logs\n",
    ),
    "a split statement over lines with comments": (
        TEST,
        (
            "from orders.core import (  # noqa: F401\n"
            "    cache as c,  # ours\n"
            "    # The logs.\n"
            "    other,\n"
            "    pages,  # of lists\n"
            ")  # end\n"
        ),
        (
            "from orders.core import (  # noqa: F401\n"
            "    # The logs.\n"
            "    other,\n"
            ")  # end\n"
            "from slipway_kit import (  # noqa: F401\n"
            "    cache as c,  # ours\n"
            "    # The logs.\n"
            "    pagination as pages,  # of lists\n"
            ")  # end\n"
        ),
    ),
    "a split statement over lines with several names": (
        TEST,
        "from orders.core import (\n    other, logs,  # two\n    another, cache)\n",
        (
            "from orders.core import (\n    other, # two\n    another, )\n"
            "from slipway_kit import (\n    logs,  # two\n    cache)\n"
        ),
    ),
    "names over lines with comments": (
        CUSTOM,
        "from .core.logs import (  # noqa: F401\n    configure ,  # ours\n\n    Filter as  F\n)\n",
        (
            "from slipway_kit.logs import (  # noqa: F401\n    configure ,  # ours\n\n"
            "    Filter as  F\n)\n"
        ),
    ),
    "a statement with unusual spaces": (
        CUSTOM,
        "from.core.logs import(x,y)\nfrom . core \\\n  . logs   import x,y\nfrom.import jobs\n",
        (
            "from slipway_kit.logs import(x,y)\nfrom slipway_kit.logs   import x,y\n"
            "from slipway_kit import jobs\n"
        ),
    ),
    "an import in a function": (
        TEST,
        "def f():\n\tfrom orders.core.logs import x; return x\n",
        "def f():\n\tfrom slipway_kit.logs import x; return x\n",
    ),
    "an import for types alone": (
        CUSTOM,
        "if TYPE_CHECKING:\n    from .middleware.cors import Cors\n",
        "if TYPE_CHECKING:\n    from slipway_kit.asgi.cors import Cors\n",
    ),
    "import, and what it is used for": (
        TEST,
        (
            "import orders.core.logs\n\norders.core.logs.configure(orders.core.logs.LEVEL)\n"
            "f(orders.core.logs).core.logs\n"
        ),
        (
            "import slipway_kit.logs\n\nslipway_kit.logs.configure(slipway_kit.logs.LEVEL)\n"
            "f(slipway_kit.logs).core.logs\n"
        ),
    ),
    "import beside an import of what stays": (
        TEST,
        "import orders.core.logs\nimport orders.settings\norders.settings.a = orders.core.logs.b\n",
        "import slipway_kit.logs\nimport orders.settings\norders.settings.a = slipway_kit.logs.b\n",
    ),
    "import that also gives the package its name": (
        TEST,
        "import os, orders.core.logs\norders.core.logs.configure(orders.core.other)\n",
        "import os, slipway_kit.logs, orders\nslipway_kit.logs.configure(orders.core.other)\n",
    ),
    "a use that an import of another module makes work": (
        TEST,
        "import orders\n\norders.core.logs.a = orders.core\\\n .logs.b, f'{orders.core.cache.c}'\n",
        (
            "import orders, slipway_kit.cache, slipway_kit.logs\n\n"
            "slipway_kit.logs.a = slipway_kit.logs.b, f'{slipway_kit.cache.c}'\n"
        ),
    ),
    "a use of a package of which a module is imported": (
        TEST,
        "import orders.jobs.manager\norders.jobs.manager.a = orders.jobs.b\n",
        "import slipway_kit.jobs.manager\nslipway_kit.jobs.manager.a = slipway_kit.jobs.b\n",
    ),
    "import with a name of its own": (
        TEST,
        "import orders.core.logs as l, os\nl.configure()\n",
        "import slipway_kit.logs as l, os\nl.configure()\n",
    ),
    "an attribute of something else": (
        TEST,
        "import orders.settings\nx.orders.core.logs\n",
        "import orders.settings\nx.orders.core.logs\n",
    ),
    "a package that has moved": (
        TEST,
        "from orders.jobs.manager import Manager\nfrom orders import jobs\n",
        "from slipway_kit.jobs.manager import Manager\nfrom slipway_kit import jobs\n",
    ),
    "the longest match": (
        TEST,
        (
            "import orders.jobs.worker\norders.jobs.worker.run('orders.jobs.worker')\n"
            "from orders.jobs import manager, worker\n"
        ),
        (
            "import slipway_kit.workers.worker\n"
            "slipway_kit.workers.worker.run('slipway_kit.workers.worker')\n"
            "from slipway_kit.jobs import manager\nfrom slipway_kit.workers import worker\n"
        ),
    ),
    "a name that only begins alike": (
        TEST,
        (
            "from orders.core.logs_extra import x\nimport orders.core.logs_extra\n"
            "from orders.core import logs_extra\na = 'orders.core.logs_extra'\n"
            "b = 'my_orders.core.logs', 'our.orders.core.logs', 'my-orders.core.logs'\n"
        ),
        (
            "from orders.core.logs_extra import x\nimport orders.core.logs_extra\n"
            "from orders.core import logs_extra\na = 'orders.core.logs_extra'\n"
            "b = 'my_orders.core.logs', 'our.orders.core.logs', 'my-orders.core.logs'\n"
        ),
    ),
    "strings": (
        TEST,
        (
            "MIDDLEWARE = ['orders.middleware.cors.Cors']  # orders.middleware.cors\n"
            'patch(f"orders.core.logs.{name}", r"orders.core.logs:f")\n'
            'run("import os\\norders.core.logs.f()", b"orders.core.logs")\n'
        ),
        (
            "MIDDLEWARE = ['slipway_kit.asgi.cors.Cors']  # orders.middleware.cors\n"
            'patch(f"slipway_kit.logs.{name}", r"slipway_kit.logs:f")\n'
            'run("import os\\nslipway_kit.logs.f()", b"orders.core.logs")\n'
        ),
    ),
    "an f-string with an import's name": (
        TEST,
        "import orders.core.logs\nä = f'ä {orders.core.logs.x}', orders.core.logs.x, f'{a:>{b}}'\n",
        "import slipway_kit.logs\nä = f'ä {slipway_kit.logs.x}', slipway_kit.logs.x, f'{a:>{b}}'\n",
    ),
    "a name after letters of several bytes": (
        TEST,
        "ü = '→'; from orders.core.logs import ü; x = '🚀', 'orders.core.logs'\n",
        "ü = '→'; from slipway_kit.logs import ü; x = '🚀', 'slipway_kit.logs'\n",
    ),
    "a script": (
        "scripts/report.py",
        "#!/usr/bin/env python\nfrom orders.core.logs import x\n",
        "#!/usr/bin/env python\nfrom slipway_kit.logs import x\n",
    ),
    "TOML": (
        "pyproject.toml",
        (
            '# orders.core.logs\n[tool.x]\nmodules = ["orders.core.logs"] # orders.core.logs\n'
            'names = ["orders.core.logs_extra", "orders.custom -> orders.core.logs.*"]\n'
        ),
        (
            '# orders.core.logs\n[tool.x]\nmodules = ["slipway_kit.logs"] # orders.core.logs\n'
            'names = ["orders.core.logs_extra", "orders.custom -> slipway_kit.logs.*"]\n'
        ),
    ),
    "INI": (
        "config/logging.ini",
        "; orders.core.logs\n[filter]\nclass = orders.core.logs.Filter\n",
        "; orders.core.logs\n[filter]\nclass = slipway_kit.logs.Filter\n",
    ),
    "YAML": (
        ".github/workflows/own.yml",
        "run: python -m orders.core.logs # orders.core.logs\ncommand: [-m, orders.jobs.worker]\n",
        (
            "run: python -m slipway_kit.logs # orders.core.logs\n"
            "command: [-m, slipway_kit.workers.worker]\n"
        ),
    ),
    "other files": (
        "README.md",
        "orders.core.logs\n",
        "orders.core.logs\n",
    ),
}


@pytest.mark.parametrize(("name", "before", "after"), IMPORTS.values(), ids=IMPORTS)
def test_it_rewrites(
    service: Path, name: str, before: str, after: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _write(service / name, before)

    _run()

    said = capsys.readouterr()
    assert path.read_text() == after
    assert said.err == ""
    assert said.out == ("" if after == before else f"{name}: has the new names of moved modules\n")
    _run()
    assert path.read_text() == after
    assert capsys.readouterr().out == ""
    assert [file.name for file in path.parent.iterdir() if file.name.startswith("tmp")] == []


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", [b"\r\n", b"\n"])
def test_line_ends_encoding_and_mode_stay(service: Path, newline: bytes, mark: bytes) -> None:
    path = _write(service / TEST, "")
    before = "from orders.core import (\n  logs, # é\n  other,\n)\nx = '''\norders.core.logs'''\n"
    after = (
        "from orders.core import (\n  other,\n)\nfrom slipway_kit import (\n  logs, # é\n)\n"
        "x = '''\nslipway_kit.logs'''\n"
    )
    path.write_bytes(mark + before.encode().replace(b"\n", newline))
    path.chmod(0o750)

    _run()

    assert path.read_bytes() == mark + after.encode().replace(b"\n", newline)
    assert path.stat().st_mode & 0o777 == 0o750


def test_a_file_without_moved_modules_is_not_written(service: Path) -> None:
    path = _write(service / TEST, "from orders.core import other  # logs\n")
    path.chmod(0o440)
    before = path.stat()

    _run()

    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (TEST, b"from orders.core.logs import x\nprint 'x'\n"),
        (TEST, b"from orders.core.logs import x\nx = '\xe9'\n"),
        (TEST, b"from orders.core.logs import x\n\0\n"),
        (TEST, b"<<<<<<< before updating\nfrom orders.core.logs import x\n=======\n>>>>>>> a\n"),
        (TEST, b"'''\n<<<<<<< before updating\n>>>>>>> after updating\n'''\n'orders.core.logs'\n"),
        ("x.toml", b"<<<<<<< before updating\na = 'orders.core.logs'\n=======\n>>>>>>> a\n"),
        ("x.ini", b"a = orders.core.logs \xe9\n"),
    ],
)
def test_a_file_that_it_cannot_read_stays_and_is_named(
    service: Path, name: str, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _write(service / name, "")
    path.write_bytes(content)
    other = _write(service / CUSTOM, "from .core.logs import x\n")

    _run()

    assert path.read_bytes() == content
    assert other.read_text() == "from slipway_kit.logs import x\n"
    said = capsys.readouterr().err
    assert said.startswith("moved modules: these stay as they are")
    assert said.endswith(f": {name}\n")


def test_a_file_that_does_not_parse_and_names_no_moved_module_is_not_named(
    service: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(service / TEST, "print 'x'\n")

    _run()

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "name",
    [
        "ignored/a.py",
        ".venv/a.py",
        "web/node_modules/a.py",
        "packages/slipway-kit/src/slipway_kit/a.py",
        "packages/own/a.py",
        ".copier-answers.yml",
    ],
)
def test_files_of_others_stay(service: Path, name: str) -> None:
    path = service / name
    text = (path.read_text() if path.exists() else "") + "x = 'orders.core.logs'\n"
    if name == ".copier-answers.yml":
        text = f"{ANSWERS}description: orders.core.logs\n"
    _write(path, text)

    _run()

    assert path.read_text() == text


@pytest.mark.parametrize("known", ["known", "unknown"])
def test_links_are_not_followed(service: Path, tmp_path: Path, known: str) -> None:
    outside = _write(tmp_path / "outside" / "a.py", "x = 'orders.core.logs'\n")
    (service / "folder").mkdir()
    (service / "folder" / "a.py").write_text(outside.read_text())
    if known == "known":
        git("add", "folder", folder=service)
    (service / "folder" / "a.py").unlink()
    (service / "folder").rmdir()
    (service / "folder").symlink_to(outside.parent)
    (service / "b.py").symlink_to(outside)

    _run()

    assert outside.read_text() == "x = 'orders.core.logs'\n"
    assert (service / "b.py").is_symlink()


def test_a_tracked_file_that_gitignore_names_is_the_teams(service: Path) -> None:
    path = _write(service / "ignored" / "a.py", "from orders.core.logs import x\n")
    git("add", "--force", "ignored/a.py", folder=service)

    _run()

    assert path.read_text() == "from slipway_kit.logs import x\n"


@pytest.mark.parametrize("kept", ["core/logs.py", "core/logs/__init__.py"])
def test_imports_of_a_module_that_is_still_here_stay(
    service: Path, kept: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(service / "src" / "orders" / kept, "from .cache import x\n")
    path = _write(service / CUSTOM, "from .core import cache, logs\nfrom .core.logs import y\n")

    _run()

    text = "from .core import logs\nfrom slipway_kit import cache\nfrom .core.logs import y\n"
    assert path.read_text() == text
    said = capsys.readouterr().err
    assert said == f"src/orders/{kept}: is still here, so imports of orders.core.logs stay\n"


def test_a_teams_own_module_in_a_package_that_has_moved_stays(service: Path) -> None:
    own = _write(service / "src/orders/jobs/own.py", "from .manager import Manager\n")
    path = _write(service / CUSTOM, "from .jobs import own, manager\nx = 'orders.jobs.own.f'\n")

    _run()

    assert own.read_text() == "from slipway_kit.jobs.manager import Manager\n"
    assert path.read_text() == (
        "from .jobs import own\nfrom slipway_kit.jobs import manager\nx = 'orders.jobs.own.f'\n"
    )


@pytest.mark.parametrize("arguments", [[], ["a.yml"], ["a.yml", "core.logs"], ["a.yml", "a=b"]])
def test_run_without_what_it_needs_it_says_how_it_is_used(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("usage: ")


@pytest.mark.parametrize("lacks", [".copier-answers.yml", "package_name", ".git"])
def test_run_elsewhere_than_in_the_services_folder_it_says_so(
    service: Path, lacks: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _write(service / CUSTOM, "from .core.logs import x\n")
    if lacks == "package_name":
        _write(service / ".copier-answers.yml", "_commit: v2.0.0\n")
    else:
        (service / lacks).rename(service.parent / "elsewhere")

    assert main([".copier-answers.yml", *PAIRS]) == 1

    assert "run this in the service's own folder" in capsys.readouterr().err
    assert path.read_text() == "from .core.logs import x\n"


def test_it_runs_on_the_oldest_python_that_copier_runs_on() -> None:
    source = (ROOT / "hooks" / "moved_modules.py").read_text()

    assert ast.parse(source, feature_version=(3, 10))


QUESTIONS = """
_subdirectory: template
_answers_file: .copier-answers.yml
package_name: {type: str, default: orders}
"""
MIGRATIONS = """
_migrations:
  - version: v2.0.0
    command:
      - "{{ _copier_python }}"
      - "{{ _copier_conf.src_path }}/hooks/moved_modules.py"
      - "{{ _copier_conf.answers_file }}"
      - core.logs=slipway_kit.logs
      - core.pages=slipway_kit.pagination
"""
OWN = {
    "src/orders/custom.py": """import orders.core.logs
from .core import logs, other, pages
from .core.pages import SIZE as size

assert pages.SIZE == size == other.SIZE == 20
assert orders.core.logs is logs
assert orders.core.other is other
""",
    "tests/check.py": """from importlib import import_module
from unittest import mock

with mock.patch("orders.core.logs.LEVEL", "debug"):
    from orders import custom

    assert custom.logs.LEVEL == import_module("orders.core.logs").LEVEL == "debug"
print(custom.logs.__file__)
""",
}


@pytest.mark.parametrize("folder", ["", "services/orders"])
def test_after_an_update_a_teams_code_works_with_the_library_package(
    tmp_path: Path, folder: str, capfd: pytest.CaptureFixture[str]
) -> None:
    root, repository = tmp_path / "template", tmp_path / "service"
    package = root / "template" / "src" / "{{ package_name }}"
    kit = root / "template" / "packages" / "slipway-kit" / "src" / "slipway_kit"
    git("init", "--quiet", str(root), folder=tmp_path)
    identify(root)
    _write(root / "copier.yml", QUESTIONS)
    _write(
        root / "template" / "{{ _copier_conf.answers_file }}.jinja",
        "{{ _copier_answers|to_nice_yaml }}",
    )
    for name, text in {
        "__init__.py": "",
        "core/__init__.py": "",
        "core/logs.py": "LEVEL = 'info'\n",
        "core/pages.py": "SIZE = 20\n",
        "core/other.py": "from .pages import SIZE\n",
    }.items():
        _write(package / name, text)
    commit(root, "First")
    git("tag", "v1.0.0", folder=root)
    service = repository / folder
    run_copy(str(root), service, defaults=True, quiet=True)
    git("init", "--quiet", folder=repository)
    identify(repository)
    for name, text in OWN.items():
        _write(service / name, text)
    commit(repository, "Ours")
    before = _checked(service)
    _write(kit / "__init__.py", "")
    (package / "core" / "logs.py").rename(kit / "logs.py")
    (package / "core" / "pages.py").rename(kit / "pagination.py")
    _write(package / "core" / "other.py", "from slipway_kit.pagination import SIZE\n")
    _write(root / "copier.yml", QUESTIONS + MIGRATIONS)
    _write(root / "hooks" / "moved_modules.py", (ROOT / "hooks" / "moved_modules.py").read_text())
    commit(root, "Second")
    git("tag", "v2.0.0", folder=root)

    run_update(service, defaults=True, overwrite=True, unsafe=True, quiet=True)

    assert capfd.readouterr().out == "".join(
        f"{name}: has the new names of moved modules\n" for name in sorted(OWN)
    )
    assert before == f"{service / 'src/orders/core/logs.py'}\n"
    assert _checked(service) == f"{service / 'packages/slipway-kit/src/slipway_kit/logs.py'}\n"
    assert (service / "src/orders/custom.py").read_text() == (
        OWN["src/orders/custom.py"]
        .replace("import orders.core.logs", "import slipway_kit.logs, orders")
        .replace(
            "import logs, other, pages",
            "import other\nfrom slipway_kit import logs, pagination as pages",
        )
        .replace("from .core.pages", "from slipway_kit.pagination")
        .replace("assert orders.core.logs", "assert slipway_kit.logs")
    )


def _checked(service: Path) -> str:
    folders = service / "src", service / "packages" / "slipway-kit" / "src"
    done = subprocess.run(
        [sys.executable, "-B", service / "tests" / "check.py"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders))},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
