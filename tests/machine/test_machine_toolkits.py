"""The CUDA toolkit of a distribution's package, which no file of it gives a version."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpusetup.machine.host import Host
from gpusetup.machine.model import Package, Unread
from gpusetup.machine.software.toolkits import PACKAGED, read_nvcc, read_toolkits, with_packaged
from tests.fake_host import Content, grow

DEBIAN: dict[str, Content] = {
    "/usr/lib/cuda/include": None,
    f"{PACKAGED}/bin/nvcc": b"\x7fELF",
    "/usr/bin/nvcc": "#!/bin/sh\nexec /usr/lib/nvidia-cuda-toolkit/bin/nvcc\n",
}


@pytest.mark.parametrize(
    ("package", "version"),
    [
        ("12.4.131~12.4.1-2", "12.4.1"),
        ("11.8.89~11.8.0-5~deb12u1", "11.8.0"),
        ("12.0.140~12.0.1-4build4", "12.0.1"),
        ("11.2.2-3+deb11u3", "11.2.2"),
        ("what", ""),
    ],
)
def test_the_version_is_that_of_the_package(package: str, version: str, tmp_path: Path) -> None:
    found = read_toolkits(Host(grow(tmp_path, DEBIAN)))
    assert found == {PACKAGED: ""}
    installed = (Package(manager="dpkg", name="nvidia-cuda-toolkit", version=package),)
    assert with_packaged(found, installed) == {PACKAGED: version}


def test_no_other_toolkit_is_given_that_version() -> None:
    installed = (Package(manager="dpkg", name="nvidia-cuda-toolkit", version="12.4.131~12.4.1-2"),)
    assert with_packaged({"/usr/local/cuda": ""}, installed) == {"/usr/local/cuda": ""}
    assert with_packaged({PACKAGED: ""}, Unread(unread="denied", source="")) == {PACKAGED: ""}


def test_the_script_on_the_path_is_the_compiler_that_it_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin")
    for place in (tmp_path, tmp_path / "other"):
        grow(place, DEBIAN if place == tmp_path else {"/usr/bin/nvcc": ""})
        (place / "usr/bin/nvcc").chmod(0o755)
    assert read_nvcc(Host(tmp_path)) == f"{PACKAGED}/bin/nvcc"
    assert read_nvcc(Host(tmp_path / "other")) == "/usr/bin/nvcc"
