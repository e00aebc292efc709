"""The sources of a setting, in order of precedence: flags, the environment, `.env`, secret files."""

from pathlib import Path

import pytest

from bridge.errors import UsageError
from bridge.settings import PlanSettings, RunSettings, load


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a working directory of its own, for its `.env`."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_precedence(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag overrides the environment, which overrides `.env`, which overrides a file named by a variable."""
    (directory / "network").write_text("from-file\n")
    seen = []
    monkeypatch.setenv("BRIDGE_NETWORK_FILE", "network")
    seen.append(load(RunSettings, {}).network)
    (directory / ".env").write_text("BRIDGE_NETWORK=from-env-file\nOTHER=x\n")
    seen.append(load(RunSettings, {}).network)
    monkeypatch.setenv("BRIDGE_NETWORK", "from-environment")
    seen.append(load(RunSettings, {}).network)
    seen.append(load(RunSettings, {"network": "from-flag"}).network)
    assert seen == ["from-file", "from-env-file", "from-environment", "from-flag"]


def test_precedence_of_the_password(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password in `.env` overrides a secret file that the environment names."""
    (directory / "secret").write_text("from-file")
    (directory / ".env").write_text("BRIDGE_ETCD_USERNAME=bridge\nBRIDGE_ETCD_PASSWORD=from-env-file\n")
    monkeypatch.setenv("BRIDGE_ETCD_PASSWORD_FILE", "secret")
    assert load(RunSettings, {}).etcd_password.get_secret_value() == "from-env-file"


@pytest.mark.parametrize("source", ["flag", "environment", ".env"])
def test_overridden_secret_file_is_not_read(source: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing secret file is no error if another source overrides it."""
    monkeypatch.setenv("BRIDGE_NETWORK_FILE", "/nonexist")
    if source == "environment":
        monkeypatch.setenv("BRIDGE_NETWORK", "x")
    if source == ".env":
        (directory / ".env").write_text("BRIDGE_NETWORK=x\n")
    assert load(RunSettings, {"network": "x"} if source == "flag" else {}).network == "x"


def test_overridden_missing_file_does_not_hide_other_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """An overridden missing file does not hide the error of another setting."""
    monkeypatch.setenv("BRIDGE_NETWORK_FILE", "/nonexist")
    with pytest.raises(UsageError, match=r"^--root-key is '/x'"):
        load(RunSettings, {"network": "x", "root_key": "/x"})


def test_dollar_in_env_file(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values in `.env` are not expanded: passwords and Go templates may contain `$`."""
    monkeypatch.setenv("X", "expanded")
    (directory / ".env").write_text("BRIDGE_NETWORK=a${X}$X\nBRIDGE_ROOT_KEY='${X:-b}'\n")
    settings = load(RunSettings, {})
    assert (settings.network, settings.root_key) == ("a${X}$X", "${X:-b}")


def test_empty_variable_overrides(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable overrides sources of lower precedence."""
    (directory / ".env").write_text("BRIDGE_NETWORK=from-env-file\n")
    monkeypatch.setenv("BRIDGE_NETWORK", "")
    assert load(RunSettings, {}).network == ""


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_secret_file_named_in_env_file(end: bytes, directory: Path) -> None:
    """`.env` may name the secret file, of which one newline at the end is dropped and blanks are kept."""
    (directory / "secret").write_bytes(b" pass word " + end)
    (directory / ".env").write_text("BRIDGE_ETCD_USERNAME=bridge\nBRIDGE_ETCD_PASSWORD_FILE=secret\n")
    assert load(RunSettings, {}).etcd_password.get_secret_value() == " pass word "


def test_repr_of_settings_hides_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """The repr of the settings hides the password."""
    monkeypatch.setenv("BRIDGE_ETCD_USERNAME", "bridge")
    monkeypatch.setenv("BRIDGE_ETCD_PASSWORD", "hunter2")
    assert "hunter2" not in repr(load(RunSettings, {}))


@pytest.mark.parametrize(
    ("variable", "line"),
    [
        pytest.param(
            "BRIDGE_EXPOSED_BY_DEFALT",
            "BRIDGE_EXPOSED_BY_DEFALT is not a setting; the nearest one is BRIDGE_EXPOSED_BY_DEFAULT",
            id="misspelt",
        ),
        pytest.param(
            "BRIDGE_ETCD_PASWORD_FILE",
            "BRIDGE_ETCD_PASWORD_FILE is not a setting; the nearest one is BRIDGE_ETCD_PASSWORD_FILE",
            id="misspelt-file",
        ),
        pytest.param(
            "bridge_etcd_endpoint",
            "BRIDGE_ETCD_ENDPOINT is not a setting; the nearest one is BRIDGE_ETCD_ENDPOINTS",
            id="lower-case",
        ),
    ],
)
def test_unknown_variable(variable: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown variable that begins with BRIDGE_ is refused, with the nearest setting."""
    monkeypatch.setenv(variable, "x")
    with pytest.raises(UsageError) as error:
        load(RunSettings, {})
    assert str(error.value) == line


def test_unknown_variable_in_env_file(directory: Path) -> None:
    """An unknown variable in `.env` is refused too, and the message names the file."""
    (directory / ".env").write_text("BRIDGE_LOG_LEVL=debug\n")
    with pytest.raises(UsageError) as error:
        load(RunSettings, {})
    assert str(error.value) == ("BRIDGE_LOG_LEVL (in .env) is not a setting; the nearest one is BRIDGE_LOG_LEVEL")


@pytest.mark.parametrize(
    ("env_file", "line"),
    [
        pytest.param(
            b"BRIDGE_ROOT_KEY=/x\n", "BRIDGE_ROOT_KEY (in .env) is '/x'; accepted: a key", id="wrong-value"
        ),
        pytest.param(
            b"# all well\n\n\nBRIDGE_NETWORK lan\n",
            ".env: line 4 cannot be read; accepted: NAME=value",
            id="no-equals-sign",
        ),
        pytest.param(
            b"A=1\nBRIDGE_ETCD_PASSWORD='hunter2\nB=2\n",
            ".env: line 2 cannot be read; accepted: NAME=value",
            id="open-quote",
        ),
        pytest.param(
            b"OTHER\nBRIDGE_NETWORK\n", ".env: line 2 cannot be read; accepted: NAME=value", id="name-only"
        ),
        pytest.param(
            b"bridge_network\n", ".env: line 1 cannot be read; accepted: NAME=value", id="name-only-lower-case"
        ),
        pytest.param(b"\xff\xfe\n", ".env cannot be read: 'utf-8' codec", id="not-text"),
        pytest.param(
            b"BRIDGE_ETCD_PASSWORD_FILE=absent\n",
            "BRIDGE_ETCD_PASSWORD_FILE is 'absent', which cannot be read: No such file or directory",
            id="missing-secret-file",
        ),
    ],
)
def test_error_in_env_file(env_file: bytes, line: str, directory: Path) -> None:
    """The message for an error in `.env` names the file, the line or the variable, but shows no broken line."""
    (directory / ".env").write_bytes(env_file)
    with pytest.raises(UsageError) as error:
        load(RunSettings, {})
    assert str(error.value).startswith(line)


def test_env_file_that_is_a_directory(directory: Path) -> None:
    """A `.env` that is a directory is an error, unlike a missing one."""
    (directory / ".env").mkdir()
    with pytest.raises(UsageError, match=r"^\.env cannot be read: Is a directory$"):
        load(RunSettings, {})


def test_error_in_secret_file(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message for a wrong value from a secret file names the variable for the file."""
    (directory / "interval").write_text("often\n")
    monkeypatch.setenv("BRIDGE_RESYNC_INTERVAL_FILE", "interval")
    with pytest.raises(UsageError, match=r"^BRIDGE_RESYNC_INTERVAL_FILE is 'often'; accepted: a duration"):
        load(RunSettings, {})


def test_secret_file_that_is_not_text(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message for a secret file that is not in UTF-8 names the variable for the file, and the file."""
    (directory / "secret").write_bytes(b"\xff")
    monkeypatch.setenv("BRIDGE_ETCD_PASSWORD_FILE", "secret")
    with pytest.raises(UsageError, match=r"^BRIDGE_ETCD_PASSWORD_FILE is 'secret', which cannot be read: 'utf-8'"):
        load(RunSettings, {})


def test_documented_policy_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy in docs/security.md is accepted."""
    text = (Path(__file__).parents[2] / "docs/security.md").read_text()
    shown = text.partition("<!-- settings: policy -->\n```sh\n")[2].partition("```")[0].splitlines()
    for name, _, value in (line.partition("=") for line in shown):
        monkeypatch.setenv(name, value)
    settings = load(PlanSettings, {})
    assert len(shown) == 5
    assert settings.allowed_names == ("shop-*", "*-shop", "auth@file")
    assert not settings.allow_server_addresses
