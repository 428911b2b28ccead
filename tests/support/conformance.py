"""The conformance suite, run against a running service in a process of its own."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.accounts import PASSWORD, TRUSTING, make_admin
from tests.support.mail import receiving
from tests.support.project import Project, Running
from tools.questions import ROOT

# The suite asks more often than a client may.
UNHURRIED = {"RATE_LIMIT_DEFAULT": "1000/minute"}
ADMIN = "admin@example.com"


@contextmanager
def ready_to_be_judged(
    project: Project, folder: Path, settings: Mapping[str, str]
) -> Iterator[tuple[Running, list[str]]]:
    """Migrate and serve a service, with an administrator and a mail server where it has accounts.

    Args:
        project: The service.
        folder: Where its mails go.
        settings: What it is served with besides.

    Yields:
        The running service, and the options that tell the suite of it.
    """
    env = UNHURRIED | dict(settings)
    if project.answers.get("jobs"):
        env["JOBS_WORKER"] = "true"  # else its emails wait for one
    if project.answers["database"] != "none":
        project.make("migrate", env=env)
    options = [f"--project={project.path}"]
    if str(project.answers.get("auth", "none")) == "none":
        with project.serving(env) as running:
            yield running, options
        return
    make_admin(project, ADMIN, env)
    options += [f"--admin={ADMIN}:{PASSWORD}", f"--mailbox={folder}"]
    with receiving(folder) as mail, project.serving(env | TRUSTING | mail) as running:
        yield running, options


def conforms(
    url: str,
    project: Project,
    options: Sequence[str],
    env: Mapping[str, str] | None = None,
    *,
    in_full: bool = False,
) -> list[str]:
    """Return the suite's tests that pass, by name; none may fail.

    Args:
        url: Where the service runs.
        project: The service.
        options: What tells the suite of it.
        env: The environment of the suite; this process's unless it is given.
        in_full: Whether no test may be skipped but for a tool that this machine does not have.
    """
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-rps"),
            *("-p", "no:cacheprovider", "-p", "no:xdist"),
            f"--base-url={url}",
            f"--answers={project.path / '.copier-answers.yml'}",
            *options,
            "tests/conformance",
        ],
        cwd=ROOT,
        env=env,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    passed = re.findall(r"^PASSED tests/conformance/(.+)$", done.stdout, re.MULTILINE)
    assert passed, done.stdout
    skipped = re.findall(r"^SKIPPED .+$", done.stdout, re.MULTILINE)
    if in_full:
        assert [line for line in skipped if "there is no promtool" not in line] == []
    return passed
