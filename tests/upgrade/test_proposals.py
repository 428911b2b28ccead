"""What CI proposes when the template has gone on: the commands of its jobs, and a bare origin."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from copier import run_copy

from tests.support.rendering import Render
from tests.support.repository import identify
from tools.questions import ROOT
from tools.releases import git

COPIER = Path(sys.executable).parent / "copier"
BRANCH = "template-update"
HOSTS = ["github", "gitlab"]
Commands = Iterator[tuple[str, dict[str, str]]]
Job = Callable[[Path], Commands]  # of a checkout: its commands, with their own environment
STAND_INS = {
    # With a cache that grows, and without --from 'copier>=...' copier.
    "uvx": f"""#!/bin/sh
mkdir -p "$UV_CACHE_DIR"
echo '*' >"$UV_CACHE_DIR/.gitignore"
echo >"$UV_CACHE_DIR/$$"
shift 3
exec {COPIER} "$@"
""",
    "uv": "#!/bin/sh\n",
    # A list of pull requests that holds the one that $PULL_REQUEST is.
    "gh": """#!/bin/sh
echo "gh $*" >>"$CALLS"
case "$*" in
  *"\\"${PULL_REQUEST%% *}\\""*) echo "${PULL_REQUEST#* }" ;;
  *body-file*|*body=@*) for last; do :; done; cat "${last#body=@}" >>"$CALLS" ;;
esac
""",
}


@dataclass
class Host:
    """A repository on a server, and the jobs that run for it."""

    folder: Path
    branch: str
    job: Job
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> Path:
        """The repository on the server."""
        return self.folder / "origin.git"

    @property
    def calls(self) -> str:
        """What was asked of the server beside git, and the bodies that it was given."""
        path = self.folder / "calls"
        return path.read_text() if path.exists() else ""

    def checkout(self) -> Path:
        """Return a fresh clone of the main branch, as a runner makes one."""
        path = self.folder / f"checkout-{len(list(self.folder.glob('checkout-*')))}"
        git("clone", "--quiet", "--branch=main", str(self.origin), str(path), folder=self.folder)
        return path

    def push(self, branch: str, file: str, text: str) -> str:
        """Commit a file of somebody's to a branch, be it there or not; return the commit."""
        path = self.checkout()
        identify(path)
        if branch != "main":
            start = f"origin/{branch}" if self.tip else "main"
            git("checkout", "--quiet", "-B", branch, start, folder=path)
        (path / file).write_text(text)
        git("add", "--force", file, folder=path)
        git("commit", "--quiet", "--message", f"Change {file}", folder=path)
        git("push", "--quiet", "origin", branch, folder=path)
        return git("rev-parse", "HEAD", folder=path)

    def run(self, **environment: str) -> str:
        """Run the job on a fresh runner; return what it prints.

        Raises:
            AssertionError: A command failed; the message has what was printed.
        """
        checkout, printed = self.checkout(), ""
        (checkout / "hidden").mkdir()
        (checkout / "hidden" / "own").touch()
        for commands, own in self.job(checkout):
            done = subprocess.run(
                ["bash", "-eo", "pipefail", "-c", commands],
                cwd=checkout,
                check=False,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env=os.environ | self.environment | {"CALLS": str(self.folder / "calls")}
                | {"PULL_REQUEST": ""} | own | environment,
            )  # fmt: skip
            printed += done.stdout
            assert done.returncode == 0, printed
        return printed

    def proposed(self, *arguments: str) -> str:
        """Return what git says of the proposed branch."""
        return git(*arguments, folder=self.origin)

    @property
    def tip(self) -> str:
        """The commit that is proposed; empty where there is none."""
        return self.proposed("for-each-ref", "--format=%(objectname)", f"refs/heads/{self.branch}")


def _host(folder: Path, branch: str, job: Job) -> Host:
    """Return an empty server, with commands in place of those that would ask the network."""
    git("init", "--quiet", "--bare", "--initial-branch=main", "origin.git", folder=folder)
    git("config", "receive.advertisePushOptions", "true", folder=folder / "origin.git")
    hook = folder / "origin.git" / "hooks" / "post-receive"
    hook.write_text(f"#!/bin/sh\nenv | grep ^GIT_PUSH_OPTION_ >>{folder / 'calls'} || true\n")
    hook.chmod(0o755)
    (folder / "bin").mkdir()
    for name, text in STAND_INS.items():
        path = folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)
    host = Host(folder, branch, job)
    host.environment = {
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": f"url.{host.origin}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://x-access-token:token@github.com/owner/service.git",
        "GIT_CONFIG_KEY_1": f"url.{host.origin}.insteadOf",
        "GIT_CONFIG_VALUE_1": "https://oauth2:token@gitlab.example/owner/service.git",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "owner/service",
        "GITHUB_RUN_ID": "1",
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "CI_SERVER_HOST": "gitlab.example",
        "CI_PROJECT_PATH": "owner/service",
        "CI_DEFAULT_BRANCH": "main",
        "TEMPLATE_UPDATE_TOKEN": "token",
    }
    return host


def _steps(workflow: Path, job: str) -> Job:
    """Return what yields the commands of a workflow's job, as far as its conditions are true."""
    steps = yaml.safe_load(workflow.read_text())["jobs"][job]["steps"]

    def run(checkout: Path) -> Commands:
        temporary = checkout.with_name(f"{checkout.name}.temporary")
        temporary.mkdir()
        outputs: dict[str, str] = {}

        def value(expression: str) -> str:
            if found := re.search(r"steps\.(\w+\.)outputs\.(\w+)", expression):
                return outputs.get(found[1] + found[2], "")
            return "token" if "token" in expression else "success"

        for number, step in enumerate(steps):
            condition, _, wanted = step.get("if", "").partition(" == ")
            if "run" not in step or (condition and value(condition) != wanted.strip("'")):
                continue
            output = temporary / f"output-{number}"
            output.touch()
            given = {
                name: re.sub(r"\$\{\{(.*?)\}\}", lambda found: value(found[1]), text)
                for name, text in step.get("env", {}).items()
            }
            files = {
                "GITHUB_OUTPUT": str(output),
                "RUNNER_TEMP": str(temporary),
                "UV_CACHE_DIR": str(temporary / "cache"),
            }
            yield step["run"], given | files
            for line in output.read_text().splitlines():
                name, _, text = line.partition("=")
                outputs[f"{step.get('id')}.{name}"] = text

    return run


def _script(pipeline: Path) -> Job:
    """Return what yields the script of the pipeline's job."""
    script = yaml.safe_load(pipeline.read_text())[BRANCH]["script"]

    def run(checkout: Path) -> Commands:
        git("checkout", "--quiet", "--detach", folder=checkout)  # as GitLab's runner does
        yield "\n".join(script), {"UV_CACHE_DIR": str(checkout / ".uv-cache")}

    return run


def _template(path: Path) -> Path:
    """Return a template of a few files, whose second version changes each in another way."""
    path.mkdir()
    git("init", "--quiet", folder=path)
    identify(path)
    (path / "copier.yml").write_text("name: {type: str, default: ours}\n")
    (path / "{{ _copier_conf.answers_file }}.jinja").write_text("{{ _copier_answers|to_yaml }}\n")
    (path / "both").write_text("before\n")
    (path / "dropped").write_text("before\n")
    _release(path, "v1.0.0")
    (path / "both").write_text("theirs\n")
    (path / "dropped").unlink()
    (path / "hidden").mkdir()
    (path / "hidden" / "new").write_text("new\n")
    _release(path, "v2.0.0")
    return path


def _release(template: Path, tag: str) -> None:
    git("add", "--all", folder=template)
    git("commit", "--quiet", "--message", tag, folder=template)
    git("tag", tag, folder=template)


def _serving(name: str, rendered: Render, folder: Path) -> Host:
    """Return a host by that name, with an edited service of the template's first version."""
    delivered = rendered({"ci": name}).path
    if name == "github":
        job = _steps(delivered / ".github" / "workflows" / "template-update.yml", "propose")
    else:
        job = _script(delivered / ".gitlab-ci.yml")
    host = _host(folder, BRANCH, job)
    service, template = folder / "service", _template(folder / "template")
    run_copy(str(template), service, defaults=True, quiet=True, vcs_ref="v1.0.0")
    (service / ".gitignore").write_text("hidden/\n")
    git("init", "--quiet", "--initial-branch=main", folder=service)
    identify(service)
    git("add", "--all", folder=service)
    git("commit", "--quiet", "--message", "Render the service", folder=service)
    (service / "both").write_text("ours\n")
    (service / "dropped").write_text("ours\n")
    git("commit", "--quiet", "--all", "--message", "Make it ours", folder=service)
    git("push", "--quiet", str(host.origin), "main", folder=service)
    return host


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest, rendered: Render, tmp_path: Path) -> Host:
    """A host whose job has not run yet."""
    return _serving(request.param, rendered, tmp_path)


@pytest.fixture(params=HOSTS, scope="module")
def proposal(
    request: pytest.FixtureRequest, rendered: Render, tmp_path_factory: pytest.TempPathFactory
) -> Host:
    """A host whose job has run once, for tests that only look."""
    host = _serving(request.param, rendered, tmp_path_factory.mktemp(request.param))
    host.run()
    return host


@pytest.fixture
def drifting(tmp_path: Path) -> Host:
    """This project with a newer lock, and the job that proposes it."""
    steps = _steps(ROOT / ".github" / "workflows" / "drift.yml", "propose")

    def run(checkout: Path) -> Commands:
        (checkout / "lock").write_text("newer\n")
        (checkout / "drift.patch").write_text(f"{git('diff', folder=checkout)}\n")
        git("checkout", "--quiet", "lock", folder=checkout)
        yield from steps(checkout)

    host = _host(tmp_path, "drift", run)
    first = tmp_path / "first"
    git("clone", "--quiet", str(host.origin), str(first), folder=tmp_path)
    identify(first)
    (first / "lock").write_text("older\n")
    git("add", "--all", folder=first)
    git("commit", "--quiet", "--message", "Begin", folder=first)
    git("push", "--quiet", "origin", "main", folder=first)
    return host


def test_an_update_with_a_conflict_is_proposed(proposal: Host) -> None:
    text = proposal.proposed("show", f"{BRANCH}:both")

    assert text.splitlines()[0] == "<<<<<<< before updating"
    assert "_commit: v2.0.0" in proposal.proposed("show", f"{BRANCH}:.copier-answers.yml")


def test_new_files_that_gitignore_hides_are_proposed(proposal: Host) -> None:
    assert proposal.proposed("show", f"{BRANCH}:hidden/new") == "new"


def test_what_other_commands_have_left_is_not_proposed(proposal: Host) -> None:
    changed = proposal.proposed("diff", "--name-only", "main", BRANCH).splitlines()

    assert changed == [".copier-answers.yml", "both", "dropped", "hidden/new"]


def test_a_proposal_says_which_files_it_deletes_and_how_one_comes_back(proposal: Host) -> None:
    assert "dropped" in proposal.calls
    assert "`git checkout origin/main -- FILE` takes one back" in proposal.calls


def test_a_proposal_that_deletes_nothing_names_no_file(host: Host) -> None:
    git("rm", "--quiet", "dropped", folder=host.folder / "service")
    git("commit", "--quiet", "--message", "Do without", folder=host.folder / "service")
    git("push", "--quiet", str(host.origin), "main", folder=host.folder / "service")

    host.run()

    assert "Solve them on this branch" in host.calls
    assert "takes one back" not in host.calls


def test_a_proposal_that_nobody_touched_is_made_anew(host: Host) -> None:
    host.run()
    host.push("main", "own", "ours\n")

    host.run()

    assert host.proposed("show", f"{BRANCH}:own") == "ours"
    assert host.proposed("rev-list", "--count", f"main..{BRANCH}") == "1"


def test_commits_of_people_on_a_proposal_are_left_alone(host: Host) -> None:
    solved = host.push(BRANCH, "both", "solved\n")

    printed = host.run()

    assert host.tip == solved
    assert "template-update holds commits of people, and is left as it is" in printed


def test_a_proposal_that_people_pushed_to_meanwhile_is_left_alone(host: Host) -> None:
    late = host.folder / "bin" / "uv"
    late.write_text(f"#!/bin/sh\ngit --git-dir={host.origin} update-ref refs/heads/{BRANCH} main\n")

    with pytest.raises(AssertionError, match="stale info"):
        host.run()

    assert host.tip == host.proposed("rev-parse", "main")


@pytest.mark.parametrize("host", ["github"], indirect=True)
def test_the_branch_of_a_proposal_that_was_squashed_and_merged_is_used_again(host: Host) -> None:
    solved = host.push(BRANCH, "both", "solved\n")

    host.run(PULL_REQUEST=f"MERGED {solved}")

    assert host.tip != solved


@pytest.mark.parametrize("proposal", ["github"], indirect=True)
def test_a_pull_request_is_opened(proposal: Host) -> None:
    assert f"gh pr create --head {BRANCH}" in proposal.calls


@pytest.mark.parametrize("host", ["github"], indirect=True)
def test_a_pull_request_that_is_open_is_described_anew(host: Host) -> None:
    host.run(PULL_REQUEST="OPEN 7")

    assert "gh pr create" not in host.calls
    assert "gh api --silent --method PATCH repos/owner/service/pulls/7" in host.calls
    assert "\n    dropped\n" in host.calls


def test_a_new_lock_is_proposed(drifting: Host) -> None:
    drifting.run()

    assert drifting.proposed("show", "drift:lock") == "newer"


def test_commits_of_people_on_a_proposed_lock_are_left_alone(drifting: Host) -> None:
    solved = drifting.push("drift", "solved", "solved\n")

    printed = drifting.run()

    assert drifting.tip == solved
    assert "the branch drift holds commits of people, and is left as it is" in printed
