"""The wheel as a stranger installs it: one import name, the content inside, everything but the frameworks working."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.support import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT],
        check=True,
        capture_output=True,
    )
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def stranger(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bin folder of an empty environment that holds nothing but the wheel and what it depends on."""
    place = tmp_path_factory.mktemp("empty")
    venv.create(place, with_pip=True)
    pip = subprocess.run(
        [place / "bin/python", "-m", "pip", "install", "--quiet", wheel], capture_output=True, text=True, check=False
    )
    assert pip.returncode == 0, pip.stderr
    return place / "bin"


def test_exactly_one_import_name(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"gpusetup"}


def test_the_content_travels_inside(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for kind in ("recipes", "checks"):
        for file in (ROOT / kind).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                assert f"gpusetup/content/{file.relative_to(ROOT)}" in names
    assert {"gpusetup/facts/compiled.json", "gpusetup/render/compiled_templates.py"} <= names
    assert {"gpusetup/report/page/vendor/charts.js", "gpusetup/report/page/vendor/LICENCES.txt"} <= names


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["doctor"], 0, ""),
        (["detect"], 0, '"gpusetup"'),
        (["plan", "--distro", "fedora", "--gpu", "RTX 4090"], 0, "4090"),
        (["install", "--distro", "fedora", "--gpu", "GTX 1050 Mobile"], 0, "580xx"),
        (["report", "--output", "-"], 0, "<!doctype html>"),
        (["selftest", "--quick"], 5, "gpusetup[torch]"),
    ],
)
def test_every_command_works_without_frameworks(
    stranger: Path, args: list[str], code: int, says: str, tmp_path: Path
) -> None:
    run = subprocess.run([stranger / "gpusetup", *args], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert run.returncode == code, run.stderr
    assert says in run.stdout + run.stderr
    assert "Traceback" not in run.stderr
