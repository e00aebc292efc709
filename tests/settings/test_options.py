"""The name of the host: as it is set, else as its engine calls itself."""

import pytest

from bridge.errors import UsageError
from bridge.settings import PlanSettings
from bridge.settings.options import options


@pytest.mark.parametrize(
    ("given", "engine", "host"),
    [
        pytest.param("", "Node-1.Example", "node-1.example", id="lower-case"),
        pytest.param("one", "two", "one", id="set"),
        pytest.param("one", "no_name", "one", id="set-beside-one-that-cannot-be"),
        pytest.param("one", "", "one", id="set-beside-none"),
    ],
)
def test_host_name_of_setting_or_engine(given: str, engine: str, host: str) -> None:
    """The setting counts first; an engine's name is taken in lower case."""
    assert options(PlanSettings(host_name=given), engine).host == host


@pytest.mark.parametrize(
    ("engine", "line"),
    [
        pytest.param(
            "",
            "the engine, or a proxy in front of it, does not reveal its name (/info): set",
            id="engine-without-name",
        ),
        pytest.param(
            "No_Name", "the engine's name is 'No_Name', which is not a valid name for this host: set", id="wrong"
        ),
    ],
)
def test_missing_host_name(engine: str, line: str) -> None:
    """Where there is none the line names the variable that gives one."""
    with pytest.raises(UsageError) as error:
        options(PlanSettings(), engine)
    assert str(error.value).startswith(f"{line} BRIDGE_HOST_NAME")
