"""The copy that a run gets: the same folder for the program, and no way back into the user's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gpusetup.errors import CannotLookError, WrongInputError
from gpusetup.repro import workspace
from gpusetup.repro.workspace import copy_folder, keep_written, stamps


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "sub/deep").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "sub/deep/b.txt").write_text("b")
    return folder


def test_files_and_folders_are_copied(source: Path, tmp_path: Path) -> None:
    (source / "sub/__pycache__").mkdir()
    os.mkfifo(source / "pipe")
    copy_folder(source, tmp_path / "copy")
    found = sorted(str(path.relative_to(tmp_path / "copy")) for path in (tmp_path / "copy").rglob("*"))
    assert found == ["a.txt", "sub", "sub/deep", "sub/deep/b.txt"]
    (tmp_path / "copy/a.txt").write_text("changed")
    assert (source / "a.txt").read_text() == "a"


def test_links_lead_into_the_copy_or_out_as_they_did(source: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/x").write_text("far")
    (source / "out").symlink_to("../data")
    (source / "absolute").symlink_to(source / "a.txt")
    (source / "sub/relative").symlink_to("../a.txt")
    (source / "broken").symlink_to("nowhere")
    copy = tmp_path / "elsewhere/copy"
    copy.parent.mkdir()
    copy_folder(source, copy)
    assert (copy / "out/x").read_text() == "far"
    for link in ("absolute", "sub/relative"):
        assert (copy / link).resolve() == copy / "a.txt", "what is written through it stays in the copy"
    assert os.path.lexists(copy / "broken")


def test_an_environment_stays_where_it_is(source: Path, tmp_path: Path) -> None:
    (source / ".venv").mkdir()
    (source / ".venv/pyvenv.cfg").touch()
    copy_folder(source, tmp_path / "copy")
    assert (tmp_path / "copy/.venv").resolve() == source / ".venv"


def test_a_temporary_folder_inside_is_not_copied_into_itself(source: Path) -> None:
    (source / "tmp/scratch").mkdir(parents=True)
    copy_folder(source, source / "tmp/scratch/work")
    assert sorted(os.listdir(source / "tmp/scratch/work")) == ["a.txt", "sub", "tmp"]
    assert os.listdir(source / "tmp/scratch/work/tmp") == []


def test_too_much_is_refused(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "MOST", 1)
    with pytest.raises(WrongInputError, match="is copied for each run"):
        copy_folder(source, tmp_path / "copy")


def test_what_cannot_be_copied_is_named(source: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").write_text("in the way")
    with pytest.raises(CannotLookError, match=r"cannot copy .*copy: File exists"):
        copy_folder(source, tmp_path / "copy")


def test_only_what_was_written_is_kept_in_its_order(source: Path, tmp_path: Path) -> None:
    before = stamps(source)
    for number, name in enumerate(("z.txt", "sub/deep/b.txt", "new/y.txt")):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text(f"written {number}")
        os.utime(source / name, ns=(0, 10**18 + number))
    found = keep_written(source, before, tmp_path / "kept")
    assert list(found) == ["z.txt", "sub/deep/b.txt", "new/y.txt"]
    assert found["new/y.txt"].read_text() == "written 2"
    assert not source.exists()
