"""A crash belongs to the case that was announced, and hides no other."""

from __future__ import annotations

from gpusetup.selftest.model import Job
from gpusetup.selftest.workers.crashed_cases import CrashedCases
from tests.selftest.cases_world import CRASH, NAME, add_cases
from tests.selftest.small_world import RIGHT, World, failed

JOB = Job(check=NAME, framework="pytorch", device="cpu", seed=0, round=1, profile="quick", threads=1)


def test_a_crash_is_the_announced_cases_and_the_others_are_judged(world: World) -> None:
    add_cases(world, CRASH)
    world.add("next", pytorch=RIGHT)
    proof = world.prove(NAME, "next", frameworks=("pytorch",))
    [(kind, _, summary)] = failed(proof)
    assert kind == "parity"
    assert summary.startswith("fam.bad forward eager crashed: killed by SIGABRT (Aborted): free(): invalid pointer")
    for run in proof.runs:
        if run.job.check == NAME and run.job.framework == "pytorch" and run.job.round == 1:
            assert run.outcome == "finished"
            assert run.result is not None
            outcomes = {one.case: one.outcome for one in run.result.cases}
            assert outcomes == {"fam.first": "passed", "fam.last": "passed", "fam.bad": "crashed"}
    assert {run.outcome for run in proof.runs} == {"finished"}


def test_a_crash_that_nothing_announced_is_the_jobs(world: World) -> None:
    world.add(NAME, pytorch="import os\ndef run(job, record): os.abort()")
    [(kind, _, summary)] = failed(world.prove(NAME, frameworks=("pytorch",)))
    assert (kind, "crashed: killed by SIGABRT" in summary) == ("run", True)


def test_a_job_that_crashes_again_and_again_ends(world: World) -> None:
    source = (
        "import os\n"
        "def run(job, record):\n"
        "    for number in range(100):\n"
        "        if job.wants(f'fam.case{number}', 'eager'):\n"
        "            record.began(f'fam.case{number} backward eager')\n"
        "            os.abort()\n"
    )
    world.add(NAME, pytorch=source)
    proof = world.prove(NAME, frameworks=("pytorch",), repeat=1)
    [(kind, _, summary)] = failed(proof)
    assert kind == "run"
    assert "killed by SIGABRT (Aborted), in fam.case8 backward eager" in summary


def test_an_announcement_in_other_words_attributes_nothing() -> None:
    crashed = CrashedCases()
    assert crashed.without(JOB, "", "killed", ()) is None
    assert crashed.without(JOB, "a case of my own kind", "killed", ()) is None
    assert crashed.without(JOB, "fam.bad sideways eager", "killed", ()) is None
    rest = crashed.without(JOB, "fam.bad forward eager", "killed", ())
    assert rest is not None
    assert rest.skip == ("fam.bad eager",)


def test_one_case_can_be_run_alone() -> None:
    from checks.common.job import Job as Worker

    fields = {"check": NAME, "framework": "pytorch", "device": "cpu", "seed": 0, "round": 1, "profile": "quick"}
    job = Worker(**fields, threads=1, trace="", log="", only=["fam.bad"], skip=["fam.bad graph"])  # type: ignore[arg-type]
    assert [job.wants("fam.bad", "eager"), job.wants("fam.bad", "graph"), job.wants("fam.first", "eager")] == [
        True,
        False,
        False,
    ]
