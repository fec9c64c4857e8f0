"""Another distribution brings rules by an entry point; a broken one is said and hides nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpusetup.files import write
from gpusetup.value import to_json
from tests.doctor.machines import machine
from tests.support import Run

GOOD = '''
from gpusetup.doctor.rule import warning, rule

@rule("LAB001", "The lab's own rule", worst="warning", source="the lab")
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
    assert "checks found nothing wrong" in done.stdout


def test_a_rule_that_takes_an_id_of_ours_is_refused(doctor) -> None:  # type: ignore[no-untyped-def]
    done = doctor(GOOD.replace("LAB001", "GPU001"))
    assert done.returncode == 2
    assert "two rules are called GPU001" in done.stderr
