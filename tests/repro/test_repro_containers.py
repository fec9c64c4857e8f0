"""Outputs that hold others, or that a library of the program's own Python reads."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import numpy as np
import pytest

from gpusetup.repro.compare import Left, compare, with_databases
from gpusetup.repro.outputs import borrowing
from gpusetup.repro.outputs.formats import read_items
from gpusetup.repro.outputs.item import Leaf, Tensor


def zipped(date: tuple[int, ...], *members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, raw in members:
            archive.writestr(zipfile.ZipInfo(name, date), raw)  # type: ignore[arg-type]
    return file.getvalue()


def test_the_times_and_the_order_of_an_archive_are_left_out() -> None:
    members = (("metadata.json", b'{"date_saved": "2026-11-30@12:00:00"}'), ("a.csv", b"x\n1\n"))
    one = read_items("model.keras", zipped((2026, 1, 1, 0, 0, 0), *members))
    other = read_items("model.keras", zipped((2027, 2, 2, 0, 0, 2), *members[::-1]))
    assert one == other
    assert Leaf("a.csv: row 2, x", "1") in one


def test_an_address_in_a_configuration_is_no_result() -> None:
    """Keras writes id() of a shared object: another in each run."""
    one, other = (
        zipped((2026, 1, 1, 0, 0, 0), ("config.json", f'{{"config": {{"shared_object_id": {number}}}}}'.encode()))
        for number in (140007371484624, 140478950644368)
    )
    assert read_items("model.keras", one) == read_items("model.keras", other)


def test_what_is_in_an_archive_is_compared() -> None:
    members = [zipped((2026, 1, 1, 0, 0, 0), ("a.csv", f"x\n{number}\n".encode())) for number in (1, 2)]
    assert read_items("m.zip", members[0]) != read_items("m.zip", members[1])


def test_what_is_packed_is_compared_without_the_time_of_packing() -> None:
    one, other = (gzip.compress(b'{"loss": 1}', mtime=time) for time in (1, 2))
    assert one != other
    assert read_items("m.json.gz", one) == read_items("m.json.gz", other) == [Leaf("loss", "1")]


@pytest.mark.parametrize("name", ["m.keras", "m.zip", "m.json.gz", "m.h5"])
def test_what_is_no_archive_is_compared_as_bytes(name: str) -> None:
    (found,) = read_items(name, b"\x00\x01damaged", (sys.executable,))
    assert isinstance(found, Tensor)
    assert found.dtype == "byte"


@pytest.mark.frameworks
def test_hdf5_is_read_by_tensor_and_text(tmp_path: Path) -> None:
    text = """
        import h5py, numpy as np, sys
        with h5py.File(sys.argv[1], "w") as file:
            file["g/w"] = np.arange(6.0).reshape(2, 3)
            file["b"] = np.ones(2, ">f4")
            file["names"] = np.array([b"x", b"y"])
            file["g"].attrs["rate"] = 0.5
            file.attrs["version"] = "3.1"
        """
    subprocess.run([sys.executable, "-c", textwrap.dedent(text), str(tmp_path / "a.h5")], check=True)
    found = read_items("a.h5", (tmp_path / "a.h5").read_bytes(), (sys.executable,))
    assert {one.name: one.text for one in found if isinstance(one, Leaf)} == {
        "metadata @version": "3.1", "metadata names[0]": "x", "metadata names[1]": "y",
    }  # fmt: skip
    tensors = {one.name: one for one in found if isinstance(one, Tensor)}
    assert (tensors["g/w"].dtype, tensors["g/w"].shape) == ("float64", (2, 3))
    assert bytes(tensors["b"].raw) == np.ones(2, "<f4").tobytes()
    assert np.frombuffer(tensors["g@rate"].raw) == 0.5


def stand_in(folder: Path, script: str) -> str:
    """Make a Python that is a shell script: it gets -E -s -B SCRIPT PATH OUT."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_a_python_without_the_library_is_asked_once(tmp_path: Path) -> None:
    python = stand_in(tmp_path, f"echo asked >> {tmp_path}/log; exit 3")
    for _ in range(2):
        (found,) = read_items("a.h5", b"\x89HDF\r\n\x1a\n", (python,))
        assert isinstance(found, Tensor)
    assert (tmp_path / "log").read_text() == "asked\n"


def test_a_database_is_one_output_whatever_its_files_are_called(tmp_path: Path) -> None:
    python = stand_in(tmp_path, f'cat "$5/manifest.ocdbt" > /dev/null && cp {tmp_path}/arrays "$6"')
    header = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    (tmp_path / "arrays").write_bytes(len(header).to_bytes(8, "little") + header + np.float32(1).tobytes())
    runs = []
    for number in ("3f2a", "9c1e"):
        work = tmp_path / number
        names = (f"ckpt/d/{number}", "ckpt/ocdbt.process_0/manifest.ocdbt", "ckpt/manifest.ocdbt", "ckpt/_METADATA")
        for name in names:
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_text(number if "METADATA" not in name else "same")
        files = with_databases({name: work / name for name in names}, (python,))
        assert sorted(files) == ["ckpt", "ckpt/_METADATA"]
        (work / "stdout").touch()
        runs.append(Left(files, work / "stdout", (python,)))
    found = compare(*runs)
    assert (found.difference, found.files) == (None, 2)


def test_a_database_that_nothing_can_read_stays_its_files(tmp_path: Path) -> None:
    (tmp_path / "manifest.ocdbt").touch()
    files = {"manifest.ocdbt": tmp_path / "manifest.ocdbt"}
    assert with_databases(files, (stand_in(tmp_path, "exit 1"),)) == files


def test_what_borrows_needs_nothing_of_ours() -> None:
    for path in borrowing.SCRIPTS.glob("*.py"):
        assert "gpusetup" not in path.read_text()
    assert {path.stem for path in borrowing.SCRIPTS.glob("*.py")} == {*borrowing.LIBRARIES, "written"}
    assert not os.path.exists(borrowing.SCRIPTS / "__init__.py"), "it is no package of ours"
