"""Temporary directories that are removed even if the run is killed."""

import shutil
import tempfile
from pathlib import Path

from tests.lab import guard


class WorkDirectory:
    """A directory for one part: its data, its configuration, its log."""

    def __init__(self, part: str) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"lab-{part}-"))
        self._token = guard.on_death(["rm", "-rf", "--one-file-system", str(self.path)])

    def remove(self) -> None:
        """Remove the directory and everything in it."""
        shutil.rmtree(self.path)
        guard.revoke(self._token)
