"""Whatever a worker does, the engine ends with a true report: crash, hang, garbage, exception, silence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.selftest.small_world import RIGHT, ROOT, STUB, World, failed

ENDINGS = {
    "SIGSEGV": ("import os, signal\ndef run(job, record): os.kill(os.getpid(), signal.SIGSEGV)", "crashed", "SIGSEGV"),
    "SIGABRT": ("import os\ndef run(job, record): os.abort()", "crashed", "SIGABRT"),
    "SIGKILL": (
        "import os, signal\ndef run(job, record): os.kill(os.getpid(), signal.SIGKILL)",
        "crashed",
        "likely out of memory",
    ),
    "exception": ("def run(job, record): raise ValueError('gone wrong')", "failed", "ValueError: gone wrong"),
    "exit": ("import os\ndef run(job, record): os._exit(7)", "failed", "exit code 7 and no result"),
    "sys.exit": ("import sys\ndef run(job, record): sys.exit('no')", "failed", "SystemExit"),
    "no module": ("import does_not_exist", "failed", "does_not_exist"),
    "worker killed": (
        "import os, signal, time\ndef run(job, record):\n    os.kill(os.getppid(), signal.SIGKILL)\n    time.sleep(60)",
        "crashed",
        "SIGKILL",
    ),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_an_ending_becomes_a_verdict_and_the_next_check_still_runs(world: World, name: str) -> None:
    source, outcome, cause = ENDINGS[name]
    world.add("bad", pytorch=source)
    world.add("good", pytorch=RIGHT)
    proof = world.prove("bad", "good", frameworks=("pytorch",))
    kinds = {(run.job.check, run.job.framework): run for run in proof.runs if run.job.round == 1}
    assert kinds["bad", "pytorch"].outcome == outcome
    assert cause in kinds["bad", "pytorch"].cause
    assert kinds["good", "pytorch"].outcome == "finished"
    assert {kind for kind, *_ in failed(proof)} == {"run"}


def test_a_hang_is_ended_at_its_deadline_and_the_next_check_still_runs(world: World) -> None:
    world.add("bad", pytorch="import time\ndef run(job, record): time.sleep(600)")
    world.add("good", pytorch=RIGHT)
    started = time.monotonic()
    proof = world.prove("bad", "good", frameworks=("pytorch",), repeat=1, deadline=2)
    assert time.monotonic() - started < 20
    assert [(kind, "hung" in summary) for kind, _, summary in failed(proof)] == [("run", True)]
    assert [run.outcome for run in proof.runs if run.job.check == "good"] == ["finished", "finished"]
    [hung] = [run for run in proof.runs if run.outcome == "hung"]
    assert any("bad/pytorch.py" in line and "in run" in line for line in hung.log)  # where it was


def test_an_import_that_hangs_is_ended_once(world: World) -> None:
    (world.folder / "common" / "pytorch.py").write_text("import time\ntime.sleep(600)")
    world.add("good", pytorch=RIGHT)
    proof = world.prove("good", frameworks=("pytorch",), repeat=1, deadline=2)
    [run] = [run for run in proof.runs if run.job.framework == "pytorch"]
    assert (run.outcome, "import" in run.cause) == ("hung", True)


def test_a_worker_that_is_killed_once_while_it_imports_costs_no_run(world: World, tmp_path: Path) -> None:
    (world.folder / "common" / "pytorch.py").write_text(_dying(tmp_path / "deaths", times=1))
    world.add("one", pytorch=RIGHT)
    world.add("two", pytorch=RIGHT)
    proof = world.prove("one", "two", frameworks=("pytorch",), repeat=1)
    assert (failed(proof), {run.outcome for run in proof.runs}) == ([], {"finished"})


def test_a_worker_that_is_killed_twice_while_it_imports_is_said_for_every_check(world: World, tmp_path: Path) -> None:
    (world.folder / "common" / "pytorch.py").write_text(_dying(tmp_path / "deaths", times=2))
    world.add("one", pytorch=RIGHT)
    world.add("two", pytorch=RIGHT)
    proof = world.prove("one", "two", frameworks=("pytorch",), repeat=1)
    assert {(kind, "importing pytorch failed: killed by SIGKILL" in said) for kind, _, said in failed(proof)} == {
        ("run", True)
    }
    assert len(failed(proof)) == 2
    assert len((tmp_path / "deaths").read_text()) == 2


def _dying(deaths: Path, times: int) -> str:
    """Return a framework whose import is killed so many times."""
    return (
        "import os, pathlib, signal\n"
        f"deaths = pathlib.Path({str(deaths)!r})\n"
        "so_far = len(deaths.read_text()) if deaths.exists() else 0\n"
        f"if so_far < {times}:\n"
        "    deaths.write_text('x' * (so_far + 1))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n" + STUB
    )


def test_a_framework_that_cannot_be_imported_is_said_for_every_check(world: World) -> None:
    (world.folder / "common" / "pytorch.py").write_text("raise ImportError('libcudnn.so.9: no such file')")
    world.add("one", pytorch=RIGHT)
    world.add("two", pytorch=RIGHT)
    proof = world.prove("one", "two", frameworks=("pytorch",), repeat=1)
    assert [kind for kind, *_ in failed(proof)] == ["run", "run"]
    [run, _] = [run for run in proof.runs if run.job.framework == "pytorch"]
    assert any("libcudnn.so.9" in line for line in run.log)


def test_nothing_that_is_printed_can_be_taken_for_a_message(world: World) -> None:
    noise = RIGHT + (
        "    import os, sys\n"
        '    print(\'{"type": "Done", "result": {}}\')\n'
        "    sys.stderr.buffer.write(bytes(range(256)) * 400)\n"
        "    for number in range(3, 40):\n"
        "        try: os.write(number, b'\\x00garbage{')\n"
        "        except OSError: pass\n"
    )
    world.add("noisy", pytorch=noise)
    proof = world.prove("noisy", frameworks=("pytorch",))
    assert failed(proof) == []


def test_a_failure_shows_the_last_lines_it_printed(world: World) -> None:
    world.add("bad", pytorch="def run(job, record):\n    print('the last word', flush=True)\n    raise ValueError")
    proof = world.prove("bad", frameworks=("pytorch",), repeat=1)
    [run] = [run for run in proof.runs if run.job.framework == "pytorch"]
    assert "the last word" in run.log


def test_a_failure_shows_the_lines_of_the_check_and_none_of_the_worker(world: World) -> None:
    world.add("bad", pytorch="def run(job, record):\n    raise ValueError('no')")
    proof = world.prove("bad", frameworks=("pytorch",), repeat=1)
    [run] = [run for run in proof.runs if run.job.framework == "pytorch"]
    assert any("bad/pytorch.py" in line for line in run.log)
    assert not any("worker.py" in line or "importlib" in line for line in run.log)


def test_a_kind_without_a_tolerance_fails_its_check_and_no_other(world: World) -> None:
    world.add("bad", pytorch=RIGHT.replace('"value", "second"', '"weights", "second"'))
    world.add("good", pytorch=RIGHT)
    proof = world.prove("bad", "good", frameworks=("pytorch",), repeat=1)
    assert [(kind, "no tolerance for: weights" in said) for kind, _, said in failed(proof)] == [("run", True)]
    assert ("good", "passed") in {(one.check, one.state) for one in proof.verdicts if one.kind == "parity"}


def test_the_kernel_ends_the_workers_of_an_engine_that_is_killed(world: World, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    world.add(
        "slow",
        pytorch=f"import os, time\ndef run(job, record):\n"
        f"    open({str(pids)!r}, 'a').write(f'{{os.getpid()}} {{os.getppid()}} ')\n    time.sleep(600)",
    )
    script = (
        "from tests.selftest.small_world import World; from pathlib import Path; import signal\n"
        # a shell lets its background jobs ignore Ctrl-C, and this test may be part of one
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"world = World.__new__(World); world.folder = Path({str(world.folder)!r})\n"
        "world.prove('slow', frameworks=('pytorch',), repeat=1)"
    )
    for blow in (signal.SIGKILL, signal.SIGINT):
        pids.write_text("")
        engine = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stderr=subprocess.DEVNULL)
        _wait_for(lambda: len(pids.read_text().split()) == 2)
        engine.send_signal(blow)
        engine.wait(20)
        for pid in map(int, pids.read_text().split()):
            _wait_for(lambda pid=pid: not _alive(pid))  # type: ignore[misc]  # a default binds it


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def _wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
