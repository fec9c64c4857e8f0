"""Another distribution brings rules by an entry point; a broken one is said and hides nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from gpusetup.files import write
from gpusetup.value import to_json
from tests.doctor.machines import machine
from tests.strangers import MALLORY, give, needs_root
from tests.support import Run

GOOD = '''
from gpusetup.doctor.rule import warning, rule

@rule("LAB001", "lab-own", "The lab's own rule", worst="warning", source="the lab")
def always(machine):
    """It always has something to say, so that a test can see it."""
    yield warning("said by the lab", "because")
'''


@pytest.fixture
def doctor(gpusetup: Run, tmp_path: Path):  # type: ignore[no-untyped-def]
    saved = tmp_path / "m.json"
    write(saved, to_json(machine()))

    def run(source: str, *args: str):  # type: ignore[no-untyped-def]
        (tmp_path / "lab_rules.py").write_text(source)
        info = tmp_path / "lab-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lab\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[gpusetup.rules]\nLAB = lab_rules\n")
        return gpusetup("doctor", "--machine", saved, *args, env={"PYTHONPATH": str(tmp_path)})

    return run


def test_a_rule_of_another_distribution_is_run_and_listed(doctor) -> None:  # type: ignore[no-untyped-def]
    done = doctor(GOOD)
    assert done.returncode == 0
    assert "WARNING LAB001" in done.stdout


def test_rules_that_cannot_be_imported_are_unknown_and_hide_nothing(doctor) -> None:  # type: ignore[no-untyped-def]
    done = doctor("import no_such_module\n")
    assert done.returncode == 3
    assert "no_such_module" in done.stdout
    assert "rules found nothing wrong" in done.stdout


def test_a_rule_that_takes_an_id_of_ours_is_refused(doctor) -> None:  # type: ignore[no-untyped-def]
    done = doctor(GOOD.replace("LAB001", "GPU001"))
    assert done.returncode == 2
    assert "two rules are called GPU001" in done.stderr


@pytest.fixture
def site(commons: Path) -> Path:
    """A folder of modules in which the distribution ``lab`` brings a package of rules that leaves a trace."""
    (commons / "site/lab_rules").mkdir(parents=True)
    trace = f"open({str(commons / 'ran')!r}, 'w')\n"
    (commons / "site/lab_rules/__init__.py").write_text(trace)
    (commons / "site/lab_rules/rules.py").write_text(trace + GOOD)
    info = commons / "site/lab-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lab\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[console_scripts]\nx = y:z\n[gpusetup.rules]\nLab = lab_rules.rules [extra]\n"
    )
    return commons / "site"


def listed(gpusetup: Run, site: Path, saved: Path, *paths: Path) -> subprocess.CompletedProcess[str]:
    write(saved, to_json(machine()))
    return gpusetup("doctor", "--machine", saved, env={"PYTHONPATH": ":".join(map(str, (site, *paths)))}, timeout=60)


def in_print(text: str, printed: str) -> bool:
    """Say whether `text` was printed, wherever its lines were broken."""
    return "".join(text.split()) in "".join(printed.split())


def test_a_rule_may_lie_in_a_package(gpusetup: Run, site: Path, tmp_path: Path) -> None:
    done = listed(gpusetup, site, tmp_path / "m.json")
    assert (done.returncode, "WARNING LAB001" in done.stdout) == (0, True), done.stderr
    assert (site.parent / "ran").exists()


@needs_root
@pytest.mark.parametrize(
    "which", [".", "lab-1.0.dist-info", "lab-1.0.dist-info/entry_points.txt", "lab_rules/rules.py"]
)
def test_rules_that_another_user_can_write_are_unknown_and_nothing_of_theirs_is_run(
    gpusetup: Run, site: Path, tmp_path: Path, which: str
) -> None:
    os.chown(site / which, MALLORY, MALLORY)
    done = listed(gpusetup, site, tmp_path / "m.json")
    assert done.returncode == 3
    said = f"the rules of Lab were not loaded: {(site / which).resolve()} belongs to user {MALLORY}"
    assert in_print(said, done.stdout)
    assert "rules found nothing wrong" in done.stdout
    assert not (site.parent / "ran").exists()


def test_rules_that_everybody_can_write_are_unknown(gpusetup: Run, site: Path, tmp_path: Path) -> None:
    (site / "lab_rules").chmod(0o777)
    done = listed(gpusetup, site, tmp_path / "m.json")
    assert (done.returncode, (site.parent / "ran").exists()) == (3, False)
    assert in_print("is world-writable", done.stdout)


@needs_root
def test_rules_that_are_elsewhere_than_their_description_are_looked_at_there(
    gpusetup: Run, site: Path, commons: Path, tmp_path: Path
) -> None:
    (commons / "home").mkdir()
    (site / "lab_rules").rename(commons / "home/lab_rules")
    give(commons / "home", MALLORY)
    done = listed(gpusetup, site, tmp_path / "m.json", commons / "home")
    assert (done.returncode, (site.parent / "ran").exists()) == (3, False)
    assert in_print(f"{commons}/home belongs to user {MALLORY}", done.stdout)


@pytest.mark.parametrize("kind", ["fifo", "device", "link", "folder", "loop", "garbage"])
def test_entry_points_that_are_no_file_hang_nothing(gpusetup: Run, site: Path, tmp_path: Path, kind: str) -> None:
    """Beside a distribution with rules, so that each description is read."""
    info = site / "other-1.0.dist-info"
    info.mkdir()
    path = info / "entry_points.txt"
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "link":
            path.symlink_to("nothing")
        case "folder":
            path.mkdir()
        case "loop":
            path.symlink_to("entry_points.txt")
        case "garbage":
            path.write_bytes(b"[x]\nno sign\n\xff[gpusetup.rules]")
    done = listed(gpusetup, site, tmp_path / "m.json")
    assert "WARNING LAB001" in done.stdout
    assert done.returncode == (3 if kind == "garbage" else 0)


def test_a_link_to_a_file_is_read(gpusetup: Run, site: Path, tmp_path: Path) -> None:
    path = site / "lab-1.0.dist-info/entry_points.txt"
    path.rename(site / "kept")
    path.symlink_to("../kept")
    assert "WARNING LAB001" in listed(gpusetup, site, tmp_path / "m.json").stdout
