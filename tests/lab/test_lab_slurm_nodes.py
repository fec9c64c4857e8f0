"""Slurm with several nodes: what drains and resumes them, and what a job collects of them."""

from __future__ import annotations

import json
import random
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from gpusetup.fleet.gather import gather
from gpusetup.fleet.judge import judge
from tests.fleet import synthetic
from tests.fleet.ssh_hosts import BEHAVIOURS
from tests.support import ROOT, tool

pytestmark = [pytest.mark.root("namespaces with Slurm's daemons"), pytest.mark.slow]
HERE = Path(__file__).parent / "slurm"
PARTS = ROOT / "integrations/slurm"
DOCTOR = """#!/bin/sh
here={folder}
if [ -e "$here/arm-$SLURM_SCRIPT_CONTEXT" ]; then mv "$here/arm-$SLURM_SCRIPT_CONTEXT" "$here/bad"; fi
if [ -e "$here/blind" ]; then exit 3; fi
if [ -e "$here/broken" ]; then echo 'ImportError: no module' >&2; exit 1; fi
if [ ! -e "$here/bad" ]; then exit 0; fi
echo '::warning title=SET004 this machine::a small limit; why; what to do: nothing'
echo '::error title=MEM003 GPU 0::row remapping of $(reboot) "has" failed; evidence; what to do: replace it'
exit 1
"""
CHECKS = r"""
touch nodes/n2/bad nodes/n3/bad
scontrol update NodeName=n3 State=DRAIN Reason='RMA 17'
until_is n2 Reason 'gpusetup doctor:*'
sleep 3; until_is n3 Reason 'RMA*'
rm nodes/n3/bad; touch nodes/n2/blind
sleep 3; until_is n2 State '*DRAIN*'
rm nodes/n2/blind nodes/n2/bad
until_is n2 State IDLE
until_is n3 State '*DRAIN*'
touch nodes/n1/arm-prolog_slurmd
job=$(sbatch --parsable --requeue --nodelist=n1 --output=/dev/null --wrap true)
until_is n1 Reason 'gpusetup doctor:*'
for _ in {1..300}; do # it is drained before the prolog has ended
  restarts=$(scontrol --oneliner show job "$job" | grep -oE 'Restarts=[0-9]+')
  if [[ $restarts != Restarts=0 ]]; then break; fi
  sleep 0.1
done
echo "job $restarts"
scancel "$job"; rm nodes/n1/bad
until_is n1 State IDLE
touch nodes/n4/arm-epilog_slurmd
srun --nodelist=n4 true
until_is n4 Reason 'gpusetup doctor:*'
scontrol update NodeName=n4 State=RESUME
scontrol update NodeName=n4 State=DRAIN Reason='gpusetup: other bits on GPU 3'
rm nodes/n4/bad
sleep 3; until_is n4 State '*DRAIN*'
scontrol update NodeName=n3 State=RESUME
scontrol update NodeName=n3 State=DOWN Reason='RMA 18'
touch nodes/n3/bad nodes/n2/broken
sleep 3; until_is n3 Reason 'RMA*'
until_is n2 State IDLE
rm nodes/n3/bad
sleep 3; until_is n3 State 'DOWN*'
"""
WANTED = """n2 Reason gpusetup doctor: MEM003 GPU 0, row remapping of (reboot) has failed
n3 Reason RMA 17
n2 State IDLE+DRAIN
n2 State IDLE
n3 State IDLE+DRAIN
n1 Reason gpusetup doctor: MEM003 GPU 0, row remapping of (reboot) has failed
job Restarts=1
n1 State IDLE
n4 Reason gpusetup doctor: MEM003 GPU 0, row remapping of (reboot) has failed
n4 State IDLE+DRAIN
n3 Reason RMA 18
n2 State IDLE
n3 State DOWN
"""
COLLECTS = r"""
status=0
GPUSETUP_DEADLINE=4 sbatch --wait --nodes=6 "$COLLECT" "$PWD/reports" || status=$?
echo "status $status"
status=0
GPUSETUP_DEADLINE=4 sbatch --wait --nodes=1 --nodelist=n1 "$COLLECT" "$PWD/reports" || status=$?
echo "again $status"
"""
GOES = """#!/bin/sh
case $1 in
  detect) cat {folder}/machine.json ;;
  doctor) kill -9 $(cut -d' ' -f4 /proc/$SLURM_TASK_PID/stat) $SLURM_TASK_PID ;;
esac
"""
KINDS = ("sound", "hangs later", "garbage", "endless", "fails", "dies")
SAID = {
    "n2": "gpusetup doctor did not end within 4 s",
    "n4": "gpusetup detect wrote more than 64 MiB",
    "n5": "gpusetup detect ended with 70",
    "n6": "the step on this node ended before it had answered everything",
}


def _cluster(folder: Path, count: int, scenario: str, check: str) -> str:
    for name in ("munged", "slurmctld", "slurmd", "sbatch"):
        tool(name)
    text = (HERE / "nodes.conf").read_text().replace("@FOLDER@", str(folder)).replace("@CHECK@", check)
    if not check:
        text = "".join(
            f"{line}\n" for line in text.splitlines() if not line.endswith("=") and "HealthCheck" not in line
        )
    (folder / "slurm.conf").write_text(text)
    (folder / "scenario.sh").write_text(scenario)
    command = ["unshare", "--net", "--uts", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
               "bash", str(HERE / "nodes.sh"), str(folder), str(count)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _node(folder: Path, name: str, program: str) -> Path:
    own = folder / "nodes" / name
    own.mkdir(parents=True)
    (own / "gpusetup").write_text(program.format(folder=own))
    (own / "gpusetup").chmod(0o755)
    return own


def _check(folder: Path, program: Path) -> Path:
    """Return the check that is installed, with another place for the program."""
    text = (PARTS / "gpusetup-node-check").read_text()
    assert text.count("program=/usr/local/bin/gpusetup ") == 1
    file = folder / "gpusetup-node-check"
    file.write_text(text.replace("program=/usr/local/bin/gpusetup ", f"program={program} "))
    file.chmod(0o755)
    return file


def test_nodes_are_drained_with_the_reason_and_only_those_are_resumed(tmp_path: Path) -> None:
    for number in range(1, 5):
        _node(tmp_path, f"n{number}", DOCTOR)
    told = _cluster(tmp_path, 4, CHECKS, str(_check(tmp_path, tmp_path / "bin/gpusetup")))
    plain = [line.split(" [root@")[0] for line in told.splitlines() if line.startswith(("n", "job "))]
    assert plain == WANTED.splitlines(), told


def test_a_program_that_others_can_write_is_not_run(tmp_path: Path) -> None:
    program = tmp_path / "gpusetup"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    check = _check(tmp_path, program)
    for mode, ran in ((0o777, False), (0o775, False), (0o755, True)):
        program.chmod(mode)
        subprocess.run([str(check)], check=True)
        assert (tmp_path / "ran").exists() == ran
    (tmp_path / "ran").unlink()
    tmp_path.chmod(0o777)
    subprocess.run([str(check)], check=True)
    assert not (tmp_path / "ran").exists(), "whoever can write to its folder can put another one there"


def test_a_job_collects_of_every_node_and_says_who_did_not_answer(tmp_path: Path) -> None:
    draw = random.Random(1)
    programs = BEHAVIOURS | {"dies": GOES}  # slurmstepd and the task
    for number, kind in enumerate(KINDS, start=1):
        own = _node(tmp_path, f"n{number}", programs[kind])
        for part, value in synthetic.sound(number, draw, proofs=False).items():
            (own / f"{part}.json").write_bytes(msgspec.json.encode(value))
    told = _cluster(tmp_path, len(KINDS), f"COLLECT={PARTS}/gpusetup-collect\n{COLLECTS}", "")
    assert "status 3" in told
    assert "again 2" in told, "an older answer would have stood for a new one"
    found = judge(gather([tmp_path / "reports"]), datetime.now(UTC))
    assert {one.name: one.state == "unknown" for one in found.hosts} == {
        f"n{number}": kind != "sound" for number, kind in enumerate(KINDS, start=1)
    }
    for name, said in SAID.items():
        assert said in json.loads((tmp_path / f"reports/{name}.error.json").read_text())["error"]
    assert not list((tmp_path / "reports").glob(".*"))
