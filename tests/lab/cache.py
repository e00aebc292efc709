"""Caches built parts outside the work tree, so that a second run costs nothing.

An entry is a directory that is made under another name and renamed when complete: it is there as a whole or not.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.shell import progress


def root() -> Path:
    """Return the directory of all entries."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "docker-event-bridge"


def digest(*recipe: str | Path) -> str:
    """Return a short hash of what an entry is made from: texts, files and directories."""
    hashed = hashlib.sha256()
    for item in recipe:
        for chunk in _chunks(item):
            hashed.update(chunk + b"\0")
    return hashed.hexdigest()[:12]


def _chunks(item: str | Path) -> Iterator[bytes]:
    if isinstance(item, str):
        yield item.encode()
    elif item.is_dir():
        for file in sorted(item.rglob("*")):
            yield from (file.name.encode(), *_chunks(file))
    else:
        yield item.read_bytes()


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold a lock that excludes other processes."""
    locks = root() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def entry(key: str, about: str, build: Callable[[Path], None]) -> Path:
    """Return the directory of an entry; if it is missing, `build` fills an empty one."""
    ready = root() / key
    if ready.exists():
        return ready
    with locked(key):
        if not ready.exists():
            with progress(about), _aside() as making:
                build(making)
                making.rename(ready)
    return ready


@contextmanager
def _aside() -> Iterator[Path]:
    making = Path(tempfile.mkdtemp(prefix="making-", dir=root()))
    making.chmod(0o755)
    try:
        yield making
    finally:
        shutil.rmtree(making, ignore_errors=True)
