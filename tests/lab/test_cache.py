"""The cache of built parts."""

import threading
from contextlib import suppress
from pathlib import Path

import pytest

from tests.lab import cache
from tests.lab.shell import PartUnavailableError


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_entry_is_built_once() -> None:
    """If several threads request an entry at once, one builds it and all get it."""
    built: list[Path] = []
    second_builder = threading.Barrier(2)

    def build(directory: Path) -> None:
        built.append(directory)
        with suppress(threading.BrokenBarrierError):
            second_builder.wait(timeout=0.3)
        (directory / "file").write_text("content")

    threads = [threading.Thread(target=cache.entry, args=("key", "Building", build)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1
    assert (cache.entry("key", "Building", build) / "file").read_text() == "content"


def test_failed_build_leaves_no_entry(tmp_path: Path) -> None:
    """A build that fails half-way leaves neither an entry nor files."""

    def fail(directory: Path) -> None:
        (directory / "half").write_text("")
        raise PartUnavailableError("no")

    with pytest.raises(PartUnavailableError):
        cache.entry("key", "Building", fail)
    assert [path.name for path in (tmp_path / "docker-event-bridge").iterdir()] == ["locks"]


def test_digest_changes_with_the_recipe(tmp_path: Path) -> None:
    """A recipe with another text or a changed file has another digest."""
    recipe = tmp_path / "recipe"
    recipe.write_text("one")
    before = cache.digest("name", recipe)
    assert cache.digest("name", recipe) == before
    assert cache.digest("other", recipe) != before
    recipe.write_text("two")
    assert cache.digest("name", recipe) != before
