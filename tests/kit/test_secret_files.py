"""Settings that are in files."""

from collections.abc import Callable
from pathlib import Path

import pytest
from slipway_kit.settings import ServiceSettings, SettingsError

Read = Callable[[Path | None], ServiceSettings]


def _file(folder: Path, content: bytes) -> str:
    path = folder / "secret"
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize("content", [b"1.2.3", b"1.2.3\n", b"1.2.3\r\n"])
def test_a_setting_is_read_from_the_file_that_its_variable_names(
    read: Read, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes
) -> None:
    monkeypatch.setenv("APP_VERSION_FILE", _file(tmp_path, content))

    assert read(None).version == "1.2.3"


def test_a_list_can_be_in_a_file(
    read: Read, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS_FILE", _file(tmp_path, b"a.example.com, b.example.com\n"))

    assert read(None).allowed_hosts == ("a.example.com", "b.example.com")


def test_a_line_of_the_env_file_can_name_a_file(read: Read, tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text(f"APP_VERSION_FILE={_file(tmp_path, b'1.2.3')}\n")

    assert read(env_file).version == "1.2.3"


def test_a_file_of_the_environment_goes_before_a_line_of_the_env_file(
    read: Read, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("APP_VERSION=0.0.0\n")
    monkeypatch.setenv("APP_VERSION_FILE", _file(tmp_path, b"1.2.3"))

    assert read(env_file).version == "1.2.3"


def test_a_value_in_both_places_is_refused(
    read: Read, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("APP_VERSION", "hunter2")
    monkeypatch.setenv("APP_VERSION_FILE", _file(tmp_path, b"hunter2"))

    with pytest.raises(SettingsError) as caught:
        read(None)

    assert str(caught.value) == "APP_VERSION_FILE: APP_VERSION is set, too; keep one of them"


@pytest.mark.parametrize(
    ("content", "fault"), [(b"\xe9", "is not UTF-8 text"), (b"\n", "the file is empty")]
)
def test_a_file_without_a_value_is_refused(
    read: Read, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes, fault: str
) -> None:
    monkeypatch.setenv("APP_VERSION_FILE", _file(tmp_path, content))

    with pytest.raises(SettingsError, match=f"^APP_VERSION_FILE: {fault}$"):
        read(None)


def test_each_missing_file_is_one_line_that_names_the_variable(
    read: Read,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("APP_VERSION_FILE", "/nowhere/version")
    monkeypatch.setenv("ALLOWED_HOSTS_FILE", "/nowhere/hosts")

    with pytest.raises(SettingsError) as caught:
        read(None)

    lines = str(caught.value).splitlines()
    assert lines == [
        "APP_VERSION_FILE: cannot be read: No such file or directory",
        "ALLOWED_HOSTS_FILE: cannot be read: No such file or directory",
    ]


def test_a_bad_value_in_a_file_is_not_quoted(
    read: Read, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PORT_FILE", _file(tmp_path, b"hunter2"))

    with pytest.raises(SettingsError, match=r"^PORT: ") as caught:
        read(None)

    assert "hunter2" not in str(caught.value)
