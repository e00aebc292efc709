"""The clean-up after a killed run."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.wait import wait_for

RUN = """
import sys, time
from pathlib import Path
from tests.lab import guard
from tests.lab.process import Process
done, log = map(Path, sys.argv[1:])
guard.on_death(["touch", str(done)])
guard.revoke(guard.on_death(["touch", f"{done}-revoked"]))
print(Process(["sleep", "1000"], log).pid, flush=True)
time.sleep(1000)
"""


@pytest.fixture
def killed(tmp_path: Path) -> int:
    """Kill a run that started a process, and return the id of that process."""
    command = [sys.executable, "-c", RUN, str(tmp_path / "done"), str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        pid = int(run.stdout.readline())
        run.send_signal(signal.SIGKILL)
    return pid


def test_killed_run_leaves_nothing(killed: int, tmp_path: Path) -> None:
    """The processes of a killed run are ended, and what it wanted undone is undone, but for what it revoked."""
    wait_for((tmp_path / "done").exists, 10, "nothing was undone")
    wait_for(lambda: _ended(killed), 10, "its process lives on")
    assert not (tmp_path / "done-revoked").exists()


def _ended(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().split()[2] == "Z"
