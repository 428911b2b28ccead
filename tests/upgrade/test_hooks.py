"""The migrations of the template, each on a template and a service made for it."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from copier import run_copy, run_update
from copier.errors import TaskError

from tests.support.edits import commit
from tests.support.repository import identify
from tools.questions import ROOT
from tools.releases import git

QUESTIONS = """
_subdirectory: template
_answers_file: .copier-answers.yml
name: {type: str, default: service}
"""
MIGRATIONS = """
_migrations:
  - version: v2.0.0
    command:
      - "{{ _copier_python }}"
      - "{{ _copier_conf.src_path }}/hooks/renamed_files.py"
      - "{{ _copier_conf.answers_file }}"
      - "old.py=new.py"
"""
ANSWERS = "{{ _copier_answers|to_nice_yaml }}"
BEFORE = "".join(f"line_{n} = {n}\n" for n in range(20))
AFTER = BEFORE.replace("line_3 = 3\n", "line_3 = 'three'\n")
Service = Callable[..., Path]


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template whose second release gives a file another name, and changes a line of it."""
    root = tmp_path / "template"
    (root / "template").mkdir(parents=True)
    git("init", "--quiet", folder=root)
    identify(root)
    (root / "copier.yml").write_text(QUESTIONS)
    (root / "template" / "{{ _copier_conf.answers_file }}.jinja").write_text(ANSWERS)
    (root / "template" / "old.py").write_text(BEFORE)
    commit(root, "First")
    git("tag", "v1.0.0", folder=root)
    git("mv", "template/old.py", "template/new.py", folder=root)
    (root / "template" / "new.py").write_text(AFTER)
    (root / "copier.yml").write_text(QUESTIONS + MIGRATIONS)
    shutil.copytree(ROOT / "hooks", root / "hooks", ignore=shutil.ignore_patterns("__pycache__"))
    commit(root, "Second")
    git("tag", "v2.0.0", folder=root)
    return root


@pytest.fixture
def rendered(template: Path, tmp_path: Path) -> Service:
    """A function that commits a service of the first release, which may stand in a folder."""

    def make(folder: str = "") -> Path:
        repository = tmp_path / "service"
        path = repository / folder
        run_copy(str(template), path, defaults=True, quiet=True, vcs_ref="v1.0.0")
        git("init", "--quiet", folder=repository)
        identify(repository)
        commit(repository, "Render")
        return path

    return make


def _release(template: Path, version: str, **files: str) -> None:
    for name, text in files.items():
        (template / name.replace("_yml", ".yml")).write_text(text)
    commit(template, version)
    git("tag", version, folder=template)


def _by_hand(
    template: Path, service: Path, version: str, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            template / "hooks" / "renamed_files.py",
            ".copier-answers.yml",
            *arguments,
        ],
        cwd=service,
        env={"VERSION_FROM": version, "PATH": "/usr/bin:/bin", "HOME": str(service)} | environment,
        check=False,
        capture_output=True,
        text=True,
    )


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _update(service: Path) -> None:
    run_update(service, defaults=True, overwrite=True, unsafe=True, quiet=True)


@pytest.mark.parametrize("folder", ["", "services/orders"])
def test_edits_to_a_renamed_file_are_merged_into_the_new_one(
    rendered: Service, folder: str
) -> None:
    service = rendered(folder)
    _edit(service / "old.py", "line_15 = 15", "line_15 = 'ours'")
    commit(service, "Ours")

    _update(service)

    assert not (service / "old.py").exists()
    assert (service / "new.py").read_text() == AFTER.replace("line_15 = 15", "line_15 = 'ours'")
    assert git("ls-files", "--unmerged", folder=service) == ""


def test_a_renamed_file_that_nobody_edited_is_the_templates(rendered: Service) -> None:
    service = rendered()

    _update(service)

    assert not (service / "old.py").exists()
    assert (service / "new.py").read_text() == AFTER


@pytest.mark.parametrize("folder", ["", "services/orders"])
def test_where_both_changed_a_line_git_knows_of_the_conflict(
    rendered: Service, folder: str
) -> None:
    service = rendered(folder)
    _edit(service / "old.py", "line_3 = 3", "line_3 = 'ours'")
    commit(service, "Ours")

    _update(service)

    text = (service / "new.py").read_text()
    assert "line_3 = 'ours'" in text
    assert "line_3 = 'three'" in text
    assert "<<<<<<< before updating" in text
    unmerged = git("ls-files", "--unmerged", folder=service).splitlines()
    assert [line.split()[2] for line in unmerged] == ["1", "2", "3"]
    assert all(line.endswith("new.py") for line in unmerged)


def test_a_file_that_was_deleted_does_not_come_back_under_its_new_name(
    rendered: Service, capfd: pytest.CaptureFixture[str]
) -> None:
    service = rendered()
    (service / "old.py").unlink()
    commit(service, "Without it")

    _update(service)

    assert not (service / "old.py").exists()
    assert not (service / "new.py").exists()
    assert "old.py: was deleted or moved, so new.py is left out" in capfd.readouterr().err


def test_a_new_file_of_a_library_package_comes_although_the_old_one_was_deleted(
    template: Path, rendered: Service
) -> None:
    service = rendered()
    (service / "old.py").unlink()
    commit(service, "Without it")
    (service / "packages" / "kit").mkdir(parents=True)
    (service / "packages" / "kit" / "new.py").write_text(AFTER)

    done = _by_hand(template, service, "v1.0.0", "old.py=packages/kit/new.py")

    assert (service / "packages" / "kit" / "new.py").read_text() == AFTER
    assert done.stderr == (
        "old.py: was deleted or moved; packages/kit/new.py stays, since its library needs it\n"
    )


def test_a_file_of_the_users_own_by_the_new_name_is_left_to_them(
    rendered: Service, capfd: pytest.CaptureFixture[str]
) -> None:
    service = rendered()
    (service / "new.py").write_text("ours = True\n")
    _edit(service / "old.py", "line_15 = 15", "line_15 = 'ours'")
    commit(service, "Ours")

    _update(service)

    assert "ours = True" in (service / "new.py").read_text()
    said = capfd.readouterr().err
    assert "new.py was yours already, and has the template's lines between conflict markers" in said
    assert "git show HEAD:old.py" in said
    assert "line_15 = 'ours'" in git("show", "HEAD:old.py", folder=service)


def test_a_file_that_was_made_executable_stays_so(rendered: Service) -> None:
    service = rendered()
    (service / "old.py").chmod(0o755)
    commit(service, "To be run")

    _update(service)

    assert (service / "new.py").read_text() == AFTER
    assert (service / "new.py").stat().st_mode & 0o111 == 0o111


@pytest.mark.parametrize("target", ["ours.py", "nowhere.py"])
def test_a_file_that_was_made_a_link_is_left_alone(
    rendered: Service, target: str, capfd: pytest.CaptureFixture[str]
) -> None:
    service = rendered()
    (service / "old.py").rename(service / "ours.py")
    (service / "old.py").symlink_to(target)
    commit(service, "Link it")

    _update(service)

    assert "old.py: is a link of yours and stays" in capfd.readouterr().err
    assert (service / "old.py").readlink() == Path(target)
    assert (service / "ours.py").read_text() == BEFORE
    assert (service / "new.py").read_text() == AFTER


def test_a_release_that_cannot_be_rendered_any_more_is_named(
    template: Path, rendered: Service, capfd: pytest.CaptureFixture[str]
) -> None:
    service = rendered()
    _edit(service / "old.py", "line_15 = 15", "line_15 = 'ours'")
    commit(service, "Ours")
    _edit(service / ".copier-answers.yml", str(template), f"{template}-gone")
    commit(service, "Moved")
    shutil.copytree(template, f"{template}-gone")
    _edit(Path(f"{template}-gone") / "hooks" / "renamed_files.py", '"--defaults"', '"--no-such"')
    commit(Path(f"{template}-gone"), "Break it")
    git("tag", "--force", "v2.0.0", folder=Path(f"{template}-gone"))

    with pytest.raises(TaskError):
        _update(service)

    said = capfd.readouterr().err
    assert "renamed files: v1.0.0 cannot be rendered" in said
    assert "git reset --hard && git clean --force -d" in said
    assert "line_15 = 'ours'" in git("show", "HEAD:old.py", folder=service)


def test_it_can_be_run_by_hand_after_an_update(template: Path, rendered: Service) -> None:
    service = rendered()
    _edit(service / "old.py", "line_15 = 15", "line_15 = 'ours'")
    commit(service, "Ours")
    (service / "old.py").unlink()
    (service / "new.py").write_text(AFTER)

    done = _by_hand(template, service, "v1.0.0", "old.py=new.py")

    assert done.returncode == 0, done.stderr
    assert "old.py: is new.py now, with your edits" in done.stderr
    assert "line_15 = 'ours'" in (service / "new.py").read_text()


def test_of_the_old_release_it_renders_the_renamed_file_alone(
    template: Path, rendered: Service
) -> None:
    service = rendered()
    git("checkout", "--quiet", "-b", "broken", "v1.0.0", folder=template)
    (template / "template" / "other.py.jinja").write_text("{{ nobody_asked_for_it() }}")
    _release(template, "v1.0.1")
    git("checkout", "--quiet", "v2.0.0", folder=template)
    (service / "old.py").rename(service / "new.py")

    done = _by_hand(template, service, "v1.0.1", "old.py=new.py")

    assert (done.returncode, done.stderr) == (0, "old.py: is new.py now\n")


def test_run_from_a_clone_without_the_release_it_says_so(template: Path, rendered: Service) -> None:
    service = rendered()

    done = _by_hand(template, service, "v1.9.0", "old.py=new.py")

    assert done.returncode == 1
    assert "renamed files: v1.9.0 cannot be rendered" in done.stderr
    assert f"{template}: fatal: Not a valid object name v1.9.0" in done.stderr


@pytest.mark.parametrize("folder", ["src", ".."])
def test_run_elsewhere_than_in_the_services_folder_it_says_so(
    template: Path, rendered: Service, folder: str
) -> None:
    service = rendered()
    (service / "src").mkdir()

    done = _by_hand(template, service / folder, "v1.0.0", "old.py=new.py")

    assert done.returncode == 1
    assert "run this in the service's own folder" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["old.py"]])
def test_run_without_what_it_needs_it_says_how_it_is_used(
    template: Path, rendered: Service, arguments: list[str]
) -> None:
    done = _by_hand(template, rendered(), "v1.0.0", *arguments)

    assert (done.returncode, done.stderr.partition(" ")[0]) == (2, "usage:")


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_ICASE_PATHSPECS"])
def test_what_gits_variables_say_of_the_service_does_not_hold_for_the_template(
    template: Path, rendered: Service, name: str
) -> None:
    service = rendered()
    (service / "old.py").rename(service / "new.py")

    value = {"GIT_DIR": str(service / ".git"), "GIT_ICASE_PATHSPECS": "1"}[name]
    done = _by_hand(template, service, "v1.0.0", "old.py=new.py", **{name: value})

    assert (done.returncode, done.stderr) == (0, "old.py: is new.py now\n")


def test_a_second_run_does_not_merge_into_a_conflict(template: Path, rendered: Service) -> None:
    service = rendered()
    _edit(service / "old.py", "line_3 = 3", "line_3 = 'ours'")
    commit(service, "Ours")
    _update(service)

    done = _by_hand(template, service, "v1.0.0", "old.py=new.py")

    assert done.stderr == "new.py: has conflicts already; solve them\n"
    assert (service / "new.py").read_text().count("<<<<<<<") == 1


def test_it_runs_on_the_oldest_python_that_copier_runs_on() -> None:
    source = (ROOT / "hooks" / "renamed_files.py").read_text()

    assert ast.parse(source, feature_version=(3, 10))
    assert "tarfile" not in source  # whose filters came with a patch release of 3.10 and 3.11


def test_a_service_that_has_neither_file_needs_no_render_of_its_release(
    template: Path, rendered: Service
) -> None:
    done = _by_hand(template, rendered(), "v0.0.1-gone", "routers.py=versions.py")

    assert (done.returncode, done.stderr) == (0, "")


def test_a_renamed_question_keeps_its_answer_without_trust(template: Path, tmp_path: Path) -> None:
    service = tmp_path / "service"
    _release(template, "v3.0.0", copier_yml=QUESTIONS)
    run_copy(str(template), service, data={"name": "orders"}, defaults=True, quiet=True)
    git("init", "--quiet", folder=service)
    identify(service)
    commit(service, "Render")
    renamed = QUESTIONS.replace(
        "name: {type: str, default: service}",
        "title: {type: str, default: \"{{ name | default('service') }}\"}",
    )
    _release(template, "v4.0.0", copier_yml=renamed)

    run_update(service, defaults=True, overwrite=True, unsafe=False, quiet=True)

    assert "title: orders" in (service / ".copier-answers.yml").read_text()
    assert "\nname:" not in (service / ".copier-answers.yml").read_text()
