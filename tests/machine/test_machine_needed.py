"""What installed files need: read from the files themselves, and resolved as the dynamic linker resolves it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gpusetup.machine.host import Host
from gpusetup.machine.model import Distribution, NeededLibrary, Unread
from gpusetup.machine.software.cuda_names import is_cuda, matters
from gpusetup.machine.software.elf_dynamic import Dynamic, read_dynamic
from gpusetup.machine.software.needed import MOST_FILES, read_needed
from tests.fake_host import grow

ABSENT = Unread(unread="absent", source="/etc/ld.so.cache")
TOOLS = [name for name in ("gcc", "ldd") if shutil.which(name) is None]
linked = pytest.mark.skipif(bool(TOOLS), reason=f"not installed: {', '.join(TOOLS)}")


def library(path: Path, *options: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [
        "gcc",
        "-shared",
        "-o",
        str(path),
        "-x",
        "c",
        "/dev/null",
        "-x",
        "none",
        f"-Wl,-soname,{path.name}",
        *options,
    ]
    subprocess.run(command, check=True, capture_output=True)
    return path


def site(tmp_path: Path, *options: str) -> Path:
    """Return a folder with a PyTorch that is linked with cuDNN, and with cuDNN's wheel."""
    folder = tmp_path / "site-packages"
    cudnn = library(folder / "nvidia/cudnn/lib/libcudnn.so.9")
    library(folder / "torch/lib/libtorch_cuda.so", "-Wl,--no-as-needed", str(cudnn), *options)
    return folder


def needs(folder: Path) -> tuple[NeededLibrary, ...]:
    torch = Distribution(name="torch", version="2.14.1", location=str(folder))
    found = read_needed(Host("/"), "x86_64", (torch,), ABSENT)
    assert not isinstance(found, Unread)
    return found


def loader_takes(file: Path, soname: str) -> str:
    """Return the file that the real dynamic linker takes, "" for none."""
    said = subprocess.run(["ldd", str(file)], check=True, capture_output=True, text=True).stdout
    (line,) = [line for line in said.splitlines() if line.strip().startswith(soname)]
    path = line.partition("=>")[2].split("(")[0].strip()
    return "" if path == "not found" else os.path.realpath(path)


@linked
@pytest.mark.parametrize("variable", [True, False])
@pytest.mark.parametrize("present", [True, False])
@pytest.mark.parametrize(
    ("tags", "by"), [("--disable-new-dtags", "RPATH"), ("--enable-new-dtags", "RUNPATH"), ("", "")]
)
def test_the_file_is_the_one_that_the_loader_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tags: str, by: str, present: bool, variable: bool
) -> None:
    paths = (f"-Wl,{tags}", "-Wl,-rpath,$ORIGIN/../../nvidia/cudnn/lib") if tags else ()
    folder = site(tmp_path, *paths)
    other = library(tmp_path / "other/libcudnn.so.9")
    if not present:
        (folder / "nvidia/cudnn/lib/libcudnn.so.9").unlink()
    monkeypatch.setenv("LD_LIBRARY_PATH", str(other.parent) if variable else "")
    (found,) = [one for one in needs(folder) if one.file.endswith("libtorch_cuda.so")]
    assert os.path.realpath(found.path) == os.path.realpath(
        loader_takes(folder / "torch/lib/libtorch_cuda.so", "libcudnn")
    )
    own_first = bool(tags) and present and (by == "RPATH" or not variable)
    assert found.by == (by if own_first else "LD_LIBRARY_PATH" if variable else "")


@linked
def test_what_a_file_asks_for_is_what_readelf_shows(tmp_path: Path) -> None:
    folder = site(tmp_path, "-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN:/opt/x")
    said = read_dynamic(Host("/"), str(folder / "torch/lib/libtorch_cuda.so"))
    assert said is not None
    assert said.runpath == ("$ORIGIN", "/opt/x")
    assert said.rpath == ()
    assert "libcudnn.so.9" in said.needed


@linked
def test_a_damaged_file_needs_nothing_and_stops_nothing(tmp_path: Path) -> None:
    whole = (site(tmp_path) / "torch/lib/libtorch_cuda.so").read_bytes()
    path = tmp_path / "cut.so"
    for length in range(0, len(whole), 251):
        path.write_bytes(whole[:length])
        assert isinstance(read_dynamic(Host("/"), str(path)), Dynamic | None)
    for place in range(0, 700, 3):
        path.write_bytes(whole[:place] + b"\xff" * 8 + whole[place + 8 :])
        assert isinstance(read_dynamic(Host("/"), str(path)), Dynamic | None)


def test_more_libraries_than_any_stack_has_are_not_read(tmp_path: Path) -> None:
    place = "/usr/lib64/python3.13/site-packages"
    root = grow(tmp_path, {f"{place}/nvidia/w{number}/lib/libx.so.1": "" for number in range(MOST_FILES + 1)})
    torch = Distribution(name="torch", version="2.14.1", location=place)
    assert isinstance(read_needed(Host(root), "x86_64", (torch,), ABSENT), Unread)


def test_without_a_framework_nothing_is_looked_at(tmp_path: Path) -> None:
    assert read_needed(Host(grow(tmp_path, {})), "x86_64", (), ABSENT) == ()


@pytest.mark.parametrize(
    ("soname", "cuda", "whole"),
    [
        ("libcudnn_engines_tensor_ir.so.9", True, True),
        ("libcufft.so.11", True, True),
        ("libcudnn.so.9.20.0", False, False),
        ("libcuda.so.1", False, True),
        ("libcuda.so.580.95.05", False, False),
        ("libcublasXt.so.12", False, False),
    ],
)
def test_names_of_cuda_are_known_by_their_soname(soname: str, cuda: bool, whole: bool) -> None:
    assert (is_cuda(soname), matters(soname)) == (cuda, whole)
