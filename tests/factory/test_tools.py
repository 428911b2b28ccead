"""The tools behind the commands, and the servers behind the tests."""

import json
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from tests.support.servers import postgresql, valkey
from tests.support.variants import variants
from tools import interpreters, lock
from tools.matrix import matrix


def test_the_lock_and_the_reserved_names_are_what_make_lock_writes() -> None:
    written = lock.build(upgrade=False)

    assert lock.LOCK.read_text() == written.lock
    assert lock.RESERVED.read_text() == written.reserved


def test_what_stands_under_no_condition_has_no_tag() -> None:
    assert list(lock.guarded({lock.ALWAYS, frozenset({"on_a"})}, "x\n")) == ["x\n"]


def test_alternatives_that_another_covers_are_left_out() -> None:
    alternatives = {frozenset({"on_a"}), frozenset({"on_a", "on_b"}), frozenset({"on_c"})}

    assert "".join(lock.guarded(alternatives, "x\n")) == "{% if on_a or on_c %}\nx\n{% endif %}\n"


def test_what_nothing_reaches_is_left_out() -> None:
    assert list(lock.guarded(set(), "x\n")) == []


def test_the_running_interpreter_is_among_those_found() -> None:
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"

    assert minor in interpreters.interpreters()


@pytest.mark.parametrize(
    ("found", "wanted", "chosen"),
    [
        (["3.11", "3.12", "3.13"], "3.12", "3.12"),
        (["3.9", "3.12", "3.13"], "3.14", "3.13"),
        (["3.11"], "3.13", "3.13"),
    ],
)
def test_the_wanted_python_is_taken_else_the_newest_else_uv_fetches_it(
    monkeypatch: pytest.MonkeyPatch, found: list[str], wanted: str, chosen: str
) -> None:
    monkeypatch.setattr(interpreters, "interpreters", lambda: dict.fromkeys(found, Path("bin")))
    monkeypatch.delenv("UV_PYTHON_DOWNLOADS", raising=False)

    assert interpreters.runnable_version(wanted) == chosen


def test_without_any_python_the_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreters, "interpreters", lambda: {"3.11": Path("bin")})
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")

    with pytest.raises(interpreters.NoInterpreterError, match="uv python install"):
        interpreters.runnable_version("3.13")


def test_the_matrix_has_a_job_for_each_variant() -> None:
    jobs = json.loads(json.dumps(matrix()))["include"]

    assert [job["variant"] for job in jobs] == list(variants())


def test_postgresql_answers_and_is_gone_afterwards() -> None:
    with postgresql() as server:
        pid = server.get_pid()
        with psycopg.connect(server.get_uri()) as connection:
            row = connection.execute("SELECT 1").fetchone()

    assert row == (1,)
    assert pid
    # Where nobody waits for orphans, an ended process stays in the table as a zombie.
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_valkey_answers_and_is_gone_afterwards() -> None:
    with valkey() as server:
        url = server.connection_url
        with redis.Redis.from_url(url) as client:
            assert client.ping()

    with redis.Redis.from_url(url) as client, pytest.raises(redis.ConnectionError):
        client.ping()
