"""Where numba keeps compiled kernels if the program's own folders cannot be written."""

import os
from pathlib import Path

import pytest

from hardware import kernel_cache

NAME = "NUMBA_CACHE_DIR"


@pytest.fixture
def unwritable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for temporary files, the only one that can be written."""
    monkeypatch.setenv(NAME, "")  # so that it is restored
    monkeypatch.delenv(NAME)
    monkeypatch.setattr(kernel_cache.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(kernel_cache, "_is_writable", lambda folder: folder.is_relative_to(tmp_path))
    return tmp_path


def test_where_the_program_can_be_written_numba_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "")
    monkeypatch.delenv(NAME)
    monkeypatch.setattr(kernel_cache, "_is_writable", lambda _: True)
    kernel_cache.ensure_writable()
    assert NAME not in os.environ


def test_a_folder_of_the_user_is_left_alone(unwritable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "/mine")
    kernel_cache.ensure_writable()
    assert os.environ[NAME] == "/mine"


def test_otherwise_a_private_temporary_folder_serves(unwritable: Path) -> None:
    kernel_cache.ensure_writable()
    folder = Path(os.environ[NAME])
    assert folder.parent == unwritable
    assert folder.stat().st_mode & 0o777 == 0o700
    del os.environ[NAME]
    kernel_cache.ensure_writable()
    assert Path(os.environ[NAME]) == folder  # the next run finds the kernels


def test_a_folder_that_others_can_write_is_not_used(unwritable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels are executed: somebody else could have put them there."""
    planted = unwritable / f"render-kernels-{os.getuid()}"
    planted.mkdir(mode=0o777)
    planted.chmod(0o777)
    monkeypatch.setattr(kernel_cache.tempfile, "mkdtemp", lambda prefix: str(unwritable / f"{prefix}new"))
    kernel_cache.ensure_writable()
    assert Path(os.environ[NAME]) == unwritable / "render-kernels-new"


def test_a_folder_is_writable_if_a_file_can_be_made_in_it(tmp_path: Path) -> None:
    assert kernel_cache._is_writable(tmp_path / "not" / "there")
    (tmp_path / "file").touch()
    assert not kernel_cache._is_writable(Path("/proc/nothing/here"))
