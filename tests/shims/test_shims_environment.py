"""A remedy in a real virtual environment, with a real pip and wheels of our own: mended, and put back to the byte."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gpusetup.apply.run import apply, undo
from gpusetup.apply.state_dir import StateDir
from gpusetup.errors import StepFailedError
from gpusetup.render.model import Recipe
from tests.shims.test_shims_remedies import recipe_of


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip takes instead of an index, and a stand-in that asks whether the module is whole."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    write_wheel(folder, "frame", "1.0", "WHOLE = True\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("GPUSETUP_ROOT", "")
    asks = tmp_path / "asks"
    asks.write_text(
        f'#!/bin/bash\n[[ $3 != gpusetup.trust.owner ]] || exec {sys.executable} "$@"\n'
        f'{tmp_path}/env/bin/python3 -c "import frame; assert frame.WHOLE"\n'
    )
    asks.chmod(0o755)
    return folder


def write_wheel(folder: Path, name: str, version: str, text: str) -> None:
    metadata = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", text)
        wheel.writestr(f"{metadata}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{metadata}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(
            f"{metadata}/RECORD", f"{name}.py,,\n{metadata}/METADATA,,\n{metadata}/WHEEL,,\n{metadata}/RECORD,,\n"
        )


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def broken_environment(tmp_path: Path) -> Path:
    """Make an environment in which the module was overwritten by something else."""
    folder = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin/pip", "install", "--quiet", "frame"], check=True)
    (module,) = folder.rglob("frame.py")
    module.write_text("WHOLE = False\n")
    return folder


def made(tmp_path: Path, python: Path | str) -> Recipe:
    values = {"python": str(python), "requirement": "frame==1.0"}
    return recipe_of("reinstall-framework", "any", python=str(tmp_path / "asks"), values=values)


def test_a_wheel_is_installed_again_and_the_environment_comes_back(tmp_path: Path, wheels: Path) -> None:
    folder = broken_environment(tmp_path)
    before, place = digests(folder), StateDir(tmp_path / "root")
    recipe = made(tmp_path, folder / "bin/python3")
    assert apply(recipe, place, print) == "done"
    assert next(folder.rglob("frame.py")).read_text() == "WHOLE = True\n"
    assert digests(folder) != before
    assert undo(place, print) == 1
    assert digests(folder) == before
    assert not [*tmp_path.glob("env?*"), *folder.glob(".gpusetup*")], "a copy was left behind"


def test_the_python_of_the_system_is_left_alone(tmp_path: Path, wheels: Path) -> None:
    base = subprocess.run(
        [sys.executable, "-c", "import sys; print(sys.base_prefix)"], capture_output=True, text=True, check=True
    ).stdout.strip()
    (tmp_path / "asks").write_text("#!/bin/bash\nexit 1\n")
    with pytest.raises(StepFailedError, match="is not in a virtual environment"):
        apply(made(tmp_path, f"{base}/bin/python3"), StateDir(tmp_path / "root"), print)
