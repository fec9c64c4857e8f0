"""The refresher of wheels, with the real pip against a local index that serves recorded metadata and no wheel."""

from __future__ import annotations

import hashlib
import os
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from gpusetup.errors import CannotLookError, MissingError
from tests.facts.local_server import Upstream, serve
from tools import pip_index, refresh_pypi, refresh_wheels
from tools.rows import Row, apply

pytestmark = pytest.mark.slow

RECORDED = Path(__file__).parent / "recorded" / "index"
TODAY = date(2026, 11, 22)
NOT_FINAL = ["torch-2.16.0rc1-cp313-cp313-manylinux_2_28_x86_64.whl", "torch-2.14.0+cpu-cp313-cp313-linux_x86_64.whl"]


def sha256(name: str) -> str:
    """Return what the index states as the SHA-256 of a file; nobody downloads it, so any digest will do."""
    return hashlib.sha256(name.encode()).hexdigest()


def page(links: list[str]) -> bytes:
    anchors = [f'<a href="/files/{name}#sha256={sha256(name)}" data-core-metadata="true">{name}</a>' for name in links]
    return ("<!DOCTYPE html><html><body>" + "".join(anchors) + "</body></html>").encode()


def write_wheel(path: Path, version: str) -> None:
    """Write the smallest torch wheel that pip takes."""
    with zipfile.ZipFile(path, "w") as wheel:
        inside = f"torch-{version}.dist-info"
        wheel.writestr(f"{inside}/METADATA", f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n")
        wheel.writestr(f"{inside}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp313-cp313-linux_x86_64\n")
        wheel.writestr(f"{inside}/RECORD", "")


@pytest.fixture(scope="module")
def index() -> Iterator[Upstream]:
    """A package index that has the metadata of some wheels; pip is configured for it alone."""
    wheels = sorted(path.stem for path in RECORDED.glob("*.metadata"))
    with serve() as upstream, pytest.MonkeyPatch.context() as patch:
        for name in {wheel.partition("-")[0].replace("_", "-") for wheel in wheels}:
            links = [wheel for wheel in [*wheels, *NOT_FINAL] if wheel.partition("-")[0].replace("_", "-") == name]
            upstream.pages[f"/simple/{name}/"] = page(links)
        for wheel in wheels:
            upstream.pages[f"/files/{wheel}.metadata"] = (RECORDED / f"{wheel}.metadata").read_bytes()
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            patch.delenv(name)
        patch.setenv("PIP_INDEX_URL", f"{upstream.url}/simple")
        patch.setenv("PIP_CONFIG_FILE", os.devnull)
        patch.setenv("PIP_NO_CACHE_DIR", "1")
        patch.setattr(pip_index, "PYTHONS", ["3.10", "3.13"])
        forget()
        yield upstream
    forget()
    assert [path for path in upstream.asked if path.endswith(".whl")] == []


def forget() -> None:
    for cached in (pip_index.versions, pip_index.versions_for, pip_index._report):
        cached.cache_clear()


def test_versions_are_final_releases_newest_first(index: Upstream) -> None:
    assert pip_index.versions("torch") == ["2.15.0", "1.13.1"]


def test_torch_rows_are_corrected_and_added(index: Upstream) -> None:
    old = {"id": "torch-1.13.1", "release": "1.13.1", "python": ["3.10"], "default_variant": "cu116", "source": ["x:y"]}
    rows = [old | {"read_on": date(2025, 1, 1), "expires": date(2025, 7, 1)}]
    changes = list(refresh_pypi.torch(rows, TODAY))
    assert "torch-1.13.1: default_variant cu116 → cu117" in changes
    newest, corrected = rows
    assert (newest["release"], newest["default_variant"], newest["python"]) == ("2.15.0", "cu132", ["3.13"])
    assert newest["source"] == ["pypi-torch"]
    assert corrected["source"] == ["x:y", "pypi-torch"]
    assert (corrected["read_on"], corrected["expires"]) == (TODAY, date(2027, 5, 22))


def test_builds_get_the_libraries_of_the_default_wheel_only(index: Upstream) -> None:
    common = {"source": ["x:y"], "read_on": TODAY, "cudnn": "9.0.0.1"}
    default = common | {"id": "torch-build-2.15-cu132", "releases": ["2.15.0"], "variant": "cu132"}
    other = common | {"id": "torch-build-2.15-cu130", "releases": ["2.15.0"], "variant": "cu130"}
    changes = list(refresh_pypi.torch_build([default, other], TODAY))
    assert default["cudnn"] == "9.26.0.51"
    assert default["nccl"] == "2.30.7"
    assert other["cudnn"] == "9.0.0.1"
    assert any("1.13.1 has no row for its default cu117" in change for change in changes)


def test_tensorflow_gets_what_the_extra_pulls(index: Upstream) -> None:
    row = {"id": "tensorflow-2.21.0", "release": "2.21.0", "source": ["x:y"], "read_on": TODAY}
    list(refresh_pypi.tensorflow([row], TODAY))
    assert row["and_cuda_cudnn"] == "nvidia-cudnn-cu12>=9.3.0.75,<10.0"
    assert row["and_cuda_nccl"] == "nvidia-nccl-cu12>=2.27.7,<3.0"


def test_tensorflow_gets_the_package_for_the_cpu_where_there_is_one(index: Upstream) -> None:
    common: Row = {"source": ["x:y"], "read_on": TODAY}
    rows = [common | {"id": f"tensorflow-{one}", "release": one, "source": ["x:y"]} for one in ("2.21.0", "2")]
    list(refresh_pypi.tensorflow(rows, TODAY))
    assert [row.get("cpu_package") for row in rows] == ["tensorflow-cpu", None]
    assert "pypi-tensorflow-cpu" in rows[0]["source"]


def test_cudnn_rows_list_their_wheels(index: Upstream) -> None:
    known = {"id": "cudnn-9.10.2.21", "version": "9.10.2.21", "cuda_majors": [12], "source": ["x:y"], "read_on": TODAY}
    rows = [known]
    list(refresh_pypi.cudnn(rows, TODAY))
    assert [(row["version"], row["cuda_majors"]) for row in rows] == [("9.28.0.42", [13, 12]), ("9.10.2.21", [12, 11])]
    assert known["pip"] == ["nvidia-cudnn-cu12", "nvidia-cudnn-cu11"]


def test_cuda_releases_are_added_when_their_series_is_known(index: Upstream) -> None:
    rows = [{"id": "cuda-13.1.2", "release": "13.1.2", "series": "13.1", "source": ["x:y"], "read_on": TODAY}]
    changes = list(refresh_pypi.cuda(rows, TODAY))
    assert [row["release"] for row in rows] == ["13.1.2", "13.0.3"]
    assert any("cuda 13.5.0 has no row" in change for change in changes)


def test_wheels_are_added_with_the_hash_that_the_index_states(index: Upstream) -> None:
    rows: list[Row] = []
    changes = list(refresh_wheels.wheel(rows, TODAY))
    torch = "torch-2.15.0-cp313-cp313-manylinux_2_28_x86_64.whl"
    cudnn = "nvidia_cudnn_cu12-9.28.0.42-py3-none-manylinux_2_27_x86_64.whl"
    assert f"wheel-torch-2.15.0-cp313: {torch}" in changes
    by_id = {row["id"]: row for row in rows}
    assert by_id["wheel-torch-2.15.0-cp313"] == {
        "id": "wheel-torch-2.15.0-cp313", "package": "torch", "release": "2.15.0", "python": "3.13", "file": torch,
        "sha256": sha256(torch), "source": ["pypi-torch"], "as_of": "2026-11-22", "read_on": TODAY,
    }  # fmt: skip
    assert "wheel-torch-2.15.0-cp310" not in by_id
    serves_any = by_id["wheel-nvidia-cudnn-cu12-9.28.0.42"]
    assert (serves_any["python"], serves_any["sha256"], serves_any["source"]) == (
        "",
        sha256(cudnn),
        ["pypi-cudnn-cu12"],
    )
    assert "wheel-torch-1.13.1-cp310" not in by_id  # older than what a plan comes to


def test_wheels_that_have_rows_are_left_alone(index: Upstream) -> None:
    known = {"id": "wheel-torch-2.15.0-cp313", "package": "torch", "release": "2.15.0", "python": "3.13", "sha256": "0"}
    by_hand = {"id": "wheel-pip-25.3", "package": "pip", "release": "25.3", "sha256": "1"}
    rows: list[Row] = [dict(by_hand), dict(known)]
    assert not [change for change in refresh_wheels.wheel(rows, TODAY) if "torch" in change]
    assert known in rows
    assert rows[-1] == by_hand


def test_a_refresher_that_cannot_ask_says_so_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def cannot(_rows: list[Row], _today: date) -> list[str]:
        raise CannotLookError("the index does not answer")

    with pytest.raises(SystemExit, match="cuda stays as it is: the index does not answer"):
        apply("cuda", cannot)
    assert capsys.readouterr().out == ""


def test_a_wheel_in_a_folder_of_this_machine_is_none_of_the_index(
    index: Upstream, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    forget()
    local = "torch-2.15.0+cpu-cp313-cp313-manylinux_2_28_x86_64.whl"
    write_wheel(tmp_path / local, "2.15.0+cpu")
    found = pip_index.wheel("torch", "2.15.0", "3.13")
    assert found is not None
    assert found[0] == "torch-2.15.0-cp313-cp313-manylinux_2_28_x86_64.whl"
    assert pip_index.wheel("torch", "2.15.0+cpu", "3.13") is None


def test_an_old_pip_is_refused_before_it_downloads(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def answer(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 2, "", "no such option: --json")

    monkeypatch.setattr("tools.pip_index.subprocess.run", answer)
    forget()
    with pytest.raises(MissingError, match="whole wheels"):
        pip_index.metadata("torch", "2.15.0", "3.13")
    assert all("install" not in command for command in asked)


def test_an_index_that_does_not_answer_changes_nothing(index: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "pages", {})
    forget()
    rows = [{"id": "cuda-13.1.2", "release": "13.1.2", "series": "13.1", "source": ["x:y"], "read_on": TODAY}]
    with pytest.raises(CannotLookError):
        list(refresh_pypi.cuda(rows, TODAY))
    assert rows == [{"id": "cuda-13.1.2", "release": "13.1.2", "series": "13.1", "source": ["x:y"], "read_on": TODAY}]
