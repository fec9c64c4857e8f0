"""``gpusetup report`` as users give it: what it reads, what it refuses, whose names it shows."""

from __future__ import annotations

import hashlib
import sys
import types
from pathlib import Path

import msgspec
import pytest

from gpusetup.errors import MissingError
from gpusetup.machine.model import Machine
from gpusetup.report.page import embed, vendored
from gpusetup.value import to_json
from tests.doctor.machines import machine
from tests.report_page import pages
from tests.support import Run

SECRET = "GPU-1c2d3e4f-5a6b-7c8d-9e0f-a1b2c3d4e5f6"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Return a saved machine whose GPU has a UUID that nobody else needs to know."""
    sick = pages.lost()
    assert isinstance(sick.gpus, tuple)
    gpu = msgspec.structs.replace(sick.gpus[0], uuid=SECRET)
    file = tmp_path / "machine.json"
    file.write_text(to_json(msgspec.structs.replace(sick, gpus=(gpu,))))
    return file


def test_a_file_is_without_names_and_says_so(gpusetup: Run, saved: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = gpusetup("report", saved, "-o", page)
    assert done.returncode == 0, done.stderr
    assert "without names and secrets" in done.stderr
    text = page.read_text()
    assert SECRET not in text
    assert "GPU-uuid-1" in text
    assert "are replaced by stand-ins." in text


def test_standard_output_has_the_names_and_says_so(gpusetup: Run, saved: Path) -> None:
    done = gpusetup("report", saved, "-o", "-")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("<!doctype html>")
    assert SECRET in done.stdout
    assert "Names of hosts and users are not removed" in done.stdout


def test_without_a_result_it_is_this_machine(gpusetup: Run, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert gpusetup("report", "-o", page).returncode == 0
    assert 'id="doctor"' in page.read_text()
    assert 'id="machine"' in page.read_text()


def test_the_page_of_a_repro_names_nobody(gpusetup: Run, tmp_path: Path) -> None:
    sample = Path(__file__).parent.parent / "samples" / "repro.json"
    assert "/home/ada/" in gpusetup("report", sample, "-o", "-").stdout
    page = tmp_path / "page.html"
    assert gpusetup("report", sample, "-o", page).returncode == 0
    assert "/home/ada" not in page.read_text()


def test_a_report_and_its_machine_are_one_diagnosis(gpusetup: Run, saved: Path, tmp_path: Path) -> None:
    found = gpusetup("doctor", "--machine", saved, "--json").stdout
    saved.with_name("report.json").write_text(found)
    text = gpusetup("report", tmp_path, "-o", "-").stdout
    assert text.count("<h2 id=") == 2
    assert "Kernel log" in text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"a": 1}', "its fields are a"),
        ('{"gpus": ', "is no result of gpusetup"),
        ("no JSON", "is no result of gpusetup"),
        ("[]", "is no result of gpusetup"),
        ("", "is empty"),
        ('{"device_nodes": 3}', "is not a saved machine"),
    ],
)
def test_what_is_no_result_is_refused(gpusetup: Run, tmp_path: Path, content: str, said: str) -> None:
    file, page = tmp_path / "wrong.json", tmp_path / "page.html"
    file.write_text(content)
    done = gpusetup("report", file, "-o", page)
    assert done.returncode == 2
    assert said in done.stderr
    assert str(file) in done.stderr
    assert not page.exists()


def test_a_result_that_is_named_twice_is_shown_once(gpusetup: Run, saved: Path) -> None:
    """A proof beside itself would be identical, whatever it holds."""
    once, twice = (gpusetup("report", *some, "-o", "-").stdout for some in ([saved], [saved, saved.parent]))
    assert once.count("<h2 id=") == twice.count("<h2 id=") == 2


def test_an_empty_folder_and_a_missing_file_are_refused(gpusetup: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "missing.json"):
        done = gpusetup("report", tmp_path / name, "-o", tmp_path / "page.html")
        assert done.returncode == 2
        assert name in done.stderr


def test_to_open_needs_a_file_and_a_browser(gpusetup: Run, saved: Path, tmp_path: Path) -> None:
    assert gpusetup("report", saved, "-o", "-", "--open").returncode == 2
    nowhere = {"BROWSER": "/nonexistent-browser", "PATH": "/nonexistent", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    done = gpusetup("report", saved, "-o", tmp_path / "page.html", "--open", env=nowhere)
    assert done.returncode == 0
    assert "no browser was found" in done.stderr


def test_the_same_results_make_the_same_page() -> None:
    assert pages.html(pages.lost()) == pages.html(pages.lost())


def test_a_page_without_a_chart_does_not_carry_the_library() -> None:
    assert len(pages.html(machine("desktop")).encode()) < 200_000 < len(vendored.library())


def test_a_machine_of_another_version_is_shown(saved: Path) -> None:
    """What an older version did not record is missing from the readings, and nothing breaks."""
    plain = msgspec.json.decode(saved.read_bytes())
    del plain["udev"], plain["system"]["uptime"]
    older = msgspec.convert(plain, Machine)
    assert "Readings" in pages.html(older)


def test_data_of_a_chart_cannot_end_its_element() -> None:
    text = embed.json_data({"</script>": ["<!--", "\u2028", "&", "\u202e", float("nan"), 1.5]})
    assert not set("<>&\u2028\u202e") & set(text)
    assert msgspec.json.decode(text.encode()) == {"</script>": ["<!--", "\\u2028", "&", "\\u202e", None, 1.5]}


def test_another_library_than_the_one_that_was_examined_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = types.ModuleType("vl_convert")
    made.javascript_bundle = lambda snippet: "alert(1)"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vl_convert", made)
    monkeypatch.setattr(vendored, "FILE", tmp_path / "vendor" / "charts.js")
    with pytest.raises(MissingError, match=hashlib.sha256(b"alert(1)").hexdigest()):
        vendored.make()
    assert not vendored.FILE.exists()
    with pytest.raises(MissingError, match="chart library is missing"):
        vendored.library()
