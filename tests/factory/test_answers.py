"""Answers by file, by hand and by prompt; wrong ones end in one line and leave nothing behind."""

import subprocess
import sys
from pathlib import Path

import pexpect
import pytest
import yaml

from tests.support.project import Project
from tests.support.rendering import Render
from tools.questions import ROOT, Questions

QUESTIONS = Questions()
COPIER = str(Path(sys.executable).parent / "copier")
CONTROL = {"project_name": "Line\nbreak", "description": "bell\x07", "author_name": "flip\u202eped"}


def _copy(template: Path, destination: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COPIER, "copy", "--defaults", "--quiet", *arguments, str(template), str(destination)],
        check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def _assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert len(lines) == 1, done.stderr
    for word in words:
        assert word in lines[0]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("database=oracle", ["database cannot be oracle", "postgresql, sqlite, none"]),
        ("python_version=3.11", ["python_version cannot be 3.11", "3.12, 3.13, 3.14"]),
        ("license=GPL", ["license cannot be GPL", "MIT"]),
        ("example=maybe", ["example cannot be maybe", "yes or no"]),
        ("docs_ui=rapidoc", ["docs_ui cannot be rapidoc", "scalar, swagger, redoc, none"]),
        ("framwork=fastapi", ["framwork is not a question", "The questions are project_name"]),
        ("on_database=.", ["on_database follows from other answers", "Leave it out"]),
        ("answers_guard=x", ["answers_guard follows from other answers"]),
        ("project_name=", ["project_name must not be empty", "Type"]),
        ("project_name=   ", ["project_name must not be empty"]),
        ("project_name= padded", ["must not begin or end with a space"]),
        (f"project_name={'x' * 201}", ["at most 200 characters", "has 201"]),
        ("project_slug=Big Name", ["project_slug must be lower-case", "my-service"]),
        ("project_slug=fastapi", ["a package that the service installs", "fastapi-service"]),
        ("project_slug=-x", ["project_slug must be lower-case"]),
        (f"project_slug={'x' * 41}", ["at most 40 characters"]),
        ("package_name=class", ["a Python keyword", "class_service"]),
        ("package_name=json", ["a module of the standard library", "json_service"]),
        ("package_name=yaml", ["one that the service installs", "yaml_service"]),
        ("package_name=tests", ["tests_service"]),
        ("package_name=test", ["test_service"]),
        ("package_name=chunk", ["chunk_service"]),
        ("package_name=compression", ["compression_service"]),
        ("package_name=has-hyphen", ["package_name must be lower-case", "my_service"]),
        ("package_name=1st", ["package_name must be lower-case"]),
        ("author_email=nobody", ["author_email must be an e-mail address", "team@example.com"]),
        ("author_email=a@b.cd\n", ["author_email must be an e-mail address"]),
        ("author_email=a..b@example.com", ["author_email must be an e-mail address"]),
        ("author_email=a@-x.com", ["author_email must be an e-mail address"]),
        *((f"{name}={text}", [f"{name} must not contain"]) for name, text in CONTROL.items()),
    ],
)  # fmt: skip
def test_a_wrong_answer_ends_in_one_line_and_leaves_nothing_behind(
    copier_template: Path, tmp_path: Path, data: str, words: list[str]
) -> None:
    done = _copy(copier_template, tmp_path / "service", "--data", data)

    _assert_refused(done, *words)
    assert not (tmp_path / "service").exists()


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"database": "none", "example": True}, ["example needs a database"]),
        ({"database": "none", "framework": "django"}, ["database cannot be none with Django"]),
        ({"database": "none", "auth": "jwt"}, ["auth needs a database"]),
        ({"database": "sqlite", "kubernetes": True}, ["kubernetes cannot run on SQLite"]),
        ({"docker": False, "kubernetes": True}, ["kubernetes needs docker"]),
        ({"project_name": 5}, ["project_name must be text", "quotes"]),
        ({"database": ["sqlite"]}, ["database cannot be ['sqlite']"]),
        ({"example": "perhaps"}, ["example cannot be perhaps"]),
        ({"databse": "none"}, ["databse is not a question"]),
    ],
)
def test_a_wrong_answer_in_a_file_does_too(
    copier_template: Path, tmp_path: Path, answers: dict[str, object], words: list[str]
) -> None:
    file = tmp_path / "answers.yml"
    file.write_text(yaml.safe_dump(answers))

    done = _copy(copier_template, tmp_path / "service", f"--data-file={file}")

    _assert_refused(done, *words)
    assert not (tmp_path / "service").exists()


def test_a_wrong_answer_touches_nothing_in_a_folder_that_was_there(
    copier_template: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    done = _copy(copier_template, tmp_path, "--data", "database=oracle")

    _assert_refused(done, "database cannot be oracle")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_answers_come_from_a_file(copier_template: Path, tmp_path: Path) -> None:
    file = tmp_path / "answers.yml"
    file.write_text("project_name: From a file\npython_version: 3.12\nexample: no\n")

    done = _copy(copier_template, tmp_path / "service", f"--data-file={file}")

    assert done.returncode == 0, done.stderr
    answers = Project(tmp_path / "service").answers
    assert answers["project_name"] == "From a file"
    assert answers["package_name"] == "from_a_file"
    assert answers["python_version"] == "3.12"
    assert answers["example"] is False


@pytest.mark.parametrize("file", sorted((ROOT / "examples").glob("*.yml")), ids=lambda f: f.stem)
def test_each_example_file_renders(copier_template: Path, tmp_path: Path, file: Path) -> None:
    done = _copy(copier_template, tmp_path / "service", f"--data-file={file}")

    assert done.returncode == 0, done.stderr
    given = yaml.safe_load(file.read_text())
    assert {key: Project(tmp_path / "service").answers[key] for key in given} == given


def test_the_default_example_is_the_defaults_written_out(rendered: Render) -> None:
    given = yaml.safe_load((ROOT / "examples" / "default.yml").read_text())
    answers = rendered({}).answers

    assert given == {key: value for key, value in answers.items() if not key.startswith("_")}


@pytest.mark.parametrize(
    ("name", "slug", "package"),
    [
        ("My Service", "my-service", "my_service"),
        ("Acme: Orders (v2)!", "acme-orders-v2", "acme_orders_v2"),
        ("FastAPI", "fastapi-service", "fastapi_service"),
        ("JSON", "json", "json_service"),
        ("import", "import", "import_service"),
        ("Test", "test", "test_service"),
        ("日本", "my-service", "my_service"),
        ("42 things", "things", "things"),
        ("x" * 200, "x" * 40, "x" * 40),
        ("a" * 39 + " b", "a" * 39, "a" * 39),
    ],
)
def test_names_follow_from_the_services_name(
    rendered: Render, name: str, slug: str, package: str
) -> None:
    answers = rendered({"project_name": name}).answers

    assert (answers["project_slug"], answers["package_name"]) == (slug, package)


def test_the_prompts_ask_in_order_refuse_a_bad_answer_and_render(
    copier_template: Path, tmp_path: Path
) -> None:
    destination = tmp_path / "service"
    prompt = pexpect.spawn(
        COPIER, ["copy", str(copier_template), str(destination)],
        encoding="utf-8", timeout=30, dimensions=(50, 160),
    )  # fmt: skip
    down = "\x1b[B"
    typed = {
        "project_name": "Bicycle Shop\x15Bicycle Shop\r",
        "project_slug": "\x15bicycles\r",
        **dict.fromkeys(("framework", "database", "auth"), f"{down}\r"),
        **dict.fromkeys(("example", "redis", "sentry", "e2e", "docker"), "n"),
    }

    for question in QUESTIONS.asked:
        if question.name in {"jobs", "kubernetes"}:  # SQLite has none
            continue
        prompt.expect_exact(question.help)
        if question.name == "project_slug":
            prompt.send("\x15Not a slug\r")
            prompt.expect("must be lower-case letters and digits")
        if question.name == "database":
            prompt.expect("cannot be none with Django")
        prompt.send(typed.get(question.name, "y" if question.is_switch else "\r"))
    prompt.expect("bicycles is ready")
    prompt.expect("make dev")
    prompt.expect(pexpect.EOF)
    prompt.close()

    assert prompt.exitstatus == 0
    answers = Project(destination).answers
    assert answers["project_slug"] == answers["package_name"] == "bicycles"
    assert (answers["framework"], answers["database"]) == ("django", "sqlite")
    assert (answers["auth"], answers["example"], answers["redis"]) == ("none", False, False)
    assert (answers["sentry"], answers["tracing"]) == (False, True)


def test_an_interrupted_prompt_leaves_nothing_behind(copier_template: Path, tmp_path: Path) -> None:
    prompt = pexpect.spawn(
        COPIER, ["copy", str(copier_template), str(tmp_path / "service")],
        encoding="utf-8", timeout=30,
    )  # fmt: skip
    prompt.expect("The service's name")

    prompt.sendintr()

    prompt.expect("Execution stopped by user")
    prompt.expect(pexpect.EOF)
    assert not (tmp_path / "service").exists()
