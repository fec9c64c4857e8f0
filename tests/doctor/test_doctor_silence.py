"""A silence needs a reason and an end, is shown, and stops counting when its day has passed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gpusetup.doctor.examine import examine
from gpusetup.doctor.outcome.silence import Silence, silenced
from gpusetup.doctor.outcome.verdict import exit_code, headline
from gpusetup.doctor.registry import all_rules
from gpusetup.files import write
from gpusetup.value import to_json
from tests.doctor.machines import machine
from tests.support import Run

RULES = all_rules()
FOUND = examine(machine("h100_server", {"gpus": {"1": {"compute_mode": 2}, "2": {"compute_mode": 2}}}), RULES.values())
DAY = date(2027, 1, 31)


def test_a_silence_takes_one_subject_out_of_the_verdict_and_leaves_the_other() -> None:
    quiet = silenced(FOUND, (Silence(rule="PRM003", subject="GPU 1", reason="reserved", until=DAY),), DAY)
    states = {one.subject: one.state for one in quiet if one.rule == "PRM003" and one.subject in {"GPU 1", "GPU 2"}}
    assert states == {"GPU 1": "skipped", "GPU 2": "error"}
    assert exit_code(quiet, RULES.values(), "error") == 1
    (one,) = [one for one in quiet if one.silenced]
    assert one.silenced == "error silenced until 2027-01-31: reserved"


def test_all_silenced_is_fine_but_not_called_healthy() -> None:
    quiet = silenced(FOUND, (Silence(rule="PRM003", reason="reserved", until=DAY),), DAY)
    assert exit_code(quiet, RULES.values(), "info") == 0
    assert headline(quiet) == "2 errors, silenced"


def test_an_expired_silence_counts_again_and_says_so() -> None:
    loud = silenced(FOUND, (Silence(rule="PRM003", reason="reserved", until=DAY),), date(2027, 2, 1))
    assert exit_code(loud, RULES.values(), "error") == 1
    assert any("its silence ended on 2027-01-31 (reserved)" in one.evidence for one in loud)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[silence]]\nrule = "PRM003"\nuntil = 2027-01-31\n', "missing required field `reason`"),
        ('[[silence]]\nrule = "PRM003"\nreason = "x"\n', "missing required field `until`"),
        ('[[silence]]\nrule = "PRM003"\nreason = ""\nuntil = 2027-01-31\n', "length >= 1"),
        ("silence = 1\n", "is not a file of silences"),
        ("[[", "is not a file of silences"),
    ],
)
def test_a_silence_without_reason_or_end_is_refused(text: str, said: str, gpusetup: Run, tmp_path: Path) -> None:
    path = tmp_path / "silences.toml"
    path.write_text(text)
    done = gpusetup("doctor", "--silences", path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_report_shows_what_is_silenced(gpusetup: Run, tmp_path: Path) -> None:
    saved, path = tmp_path / "m.json", tmp_path / "silences.toml"
    write(saved, to_json(machine("desktop", {"gpus": {"0": {"compute_mode": 2}}})))
    path.write_text('[[silence]]\nrule = "PRM003"\nreason = "only the lab"\nuntil = 9999-12-31\n')
    done = gpusetup("doctor", "--machine", saved, "--silences", path)
    assert done.returncode == 0
    assert done.stdout.startswith("1 error, silenced\n")
    assert "Silenced: PRM003, GPU 0" in done.stdout
    assert "only the lab" in done.stdout
    for form in ("junit", "markdown", "json"):
        assert "only the lab" in gpusetup("doctor", "--machine", saved, "--silences", path, "--format", form).stdout


def test_a_silence_names_its_rule_by_slug_or_id_in_any_case_and_no_other(gpusetup: Run, tmp_path: Path) -> None:
    saved, path = tmp_path / "m.json", tmp_path / "silences.toml"
    write(saved, to_json(machine("desktop", {"gpus": {"0": {"compute_mode": 2}}})))
    slug = all_rules()["PRM003"].slug
    for name, code in ((slug, 0), ("prm003", 0), (slug.upper(), 0), (slug[:-1], 2), ("PRM", 2)):
        path.write_text(f'[[silence]]\nrule = "{name}"\nreason = "the lab"\nuntil = 9999-12-31\n')
        done = gpusetup("doctor", "--machine", saved, "--silences", path)
        assert done.returncode == code, name
        if code:
            assert f"{path}: no rule is called {name}" in done.stderr
    path.write_text(f'[[silence]]\nrule = "{slug[:-1]}"\nreason = "the lab"\nuntil = 9999-12-31\n')
    assert f"did you mean {slug}?" in gpusetup("doctor", "--machine", saved, "--silences", path).stderr
