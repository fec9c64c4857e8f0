"""A driver that does not exist: our own libnvidia-ml.so.1, which pynvml really loads.

``fake_driver("h100*8", faults={"nvmlDeviceGetName@3": 15})`` returns the environment for a process that is to meet that
driver. A test that reads a folder hands the library to `read` itself: ``read(root, 10, library=fake_driver.library)``;
no command can be told so, and nothing that lies in a folder is ever loaded.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support import tool

SOURCE = Path(__file__).resolve().parent / "fake_nvml" / "nvml.c"
SONAME = "libnvidia-ml.so.1"


def build(folder: Path) -> Path:
    """Compile the library into `folder` and return its path."""
    library = folder / SONAME
    flags = ["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-Wl,-soname,{SONAME}"]
    subprocess.run(["gcc", *flags, "-o", library, SOURCE], check=True)
    return library


class FakeDriver:
    """Makes environments in which a process finds the fake library, with the GPUs and faults that are planned."""

    def __init__(self, library: Path) -> None:
        self.library = library

    def __call__(
        self,
        gpus: str = "rtx4090",
        *,
        faults: Mapping[str, int | str] | None = None,
        driver: str = "580.95.05",
        name: str = "",
    ) -> dict[str, str]:
        """Return the variables: `gpus` by kind (``rtx4090,h100*8``), `faults` by function (see nvml.c)."""
        return {"LD_LIBRARY_PATH": str(self.library.parent)} | plan(gpus, faults=faults, driver=driver, name=name)


def plan(
    gpus: str, *, faults: Mapping[str, int | str] | None = None, driver: str = "580.95.05", name: str = ""
) -> dict[str, str]:
    """Return the variables that tell the fake library what to be."""
    planned = ",".join(f"{function}={fault}" for function, fault in (faults or {}).items())
    return {
        "FAKE_NVML_GPUS": gpus,
        "FAKE_NVML_FAULTS": planned,
        "FAKE_NVML_DRIVER": driver,
        "FAKE_NVML_NAME": name,
    }


@pytest.fixture(scope="session")
def fake_driver(tmp_path_factory: pytest.TempPathFactory) -> FakeDriver:
    tool("gcc")
    return FakeDriver(build(tmp_path_factory.mktemp("fake_nvml")))


@pytest.fixture(scope="session")
def broken_driver(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a library that was cut short: the loader says "file too short"."""
    folder = tmp_path_factory.mktemp("broken_nvml")
    (folder / SONAME).write_bytes(b"\x7fELF")
    return {"LD_LIBRARY_PATH": str(folder)}
