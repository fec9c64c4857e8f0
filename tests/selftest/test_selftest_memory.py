"""A job that wants more memory than it may have, or than there is, ends as out of memory, with the cause."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gpusetup.selftest.workers.exit_causes import of_error, of_signal, of_status
from gpusetup.selftest.workers.memory import GIB, kernel_kills, resident
from tests.selftest.small_world import RIGHT, World, failed

GREEDY = """
import time
import numpy as np

def run(job, record):
    held = []
    for _ in range(100):
        held.append(np.ones(1 << 20))  # 8 MiB
        time.sleep(0.02)
"""


def test_a_job_beyond_its_cap_is_ended_and_the_next_check_still_runs(world: World) -> None:
    world.add("greedy", pytorch=GREEDY)
    world.add("modest", pytorch=RIGHT)
    proof = world.prove("greedy", "modest", frameworks=("pytorch",), repeat=1, memory=GIB // 4)
    runs = {run.job.check: run for run in proof.runs if run.job.framework == "pytorch"}
    assert runs["greedy"].outcome == "out of memory"
    assert "0.25 GiB are allowed" in runs["greedy"].cause
    assert runs["modest"].outcome == "finished"
    assert [kind for kind, *_ in failed(proof)] == ["run"]


def test_what_its_children_hold_counts(world: World) -> None:
    forking = "import os\n" + GREEDY.replace(
        "    held = []", "    if os.fork():\n        time.sleep(60)\n    held = []"
    )
    world.add("forking", pytorch=forking)
    proof = world.prove("forking", frameworks=("pytorch",), repeat=1, memory=GIB // 4)
    assert [run.outcome for run in proof.runs if run.job.framework == "pytorch"] == ["out of memory"]


def test_an_allocation_that_cannot_be_had_is_out_of_memory(world: World) -> None:
    world.add("vast", pytorch="import numpy as np\ndef run(job, record): np.ones(1 << 50)")
    proof = world.prove("vast", frameworks=("pytorch",), repeat=1)
    [run] = [run for run in proof.runs if run.job.framework == "pytorch"]
    assert (run.outcome, "Unable to allocate" in run.cause) == ("out of memory", True)


@pytest.mark.parametrize(
    "error",
    [  # as the frameworks word it: PyTorch on a card and on the host, TensorFlow, JAX, cuBLAS, Python
        "OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 7.79 GiB",
        "RuntimeError: [enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you …",
        "ResourceExhaustedError: {{function_node __wrapped__Fill}} OOM when allocating tensor with shape[65536,65536]",
        "JaxRuntimeError: RESOURCE_EXHAUSTED: Out of memory allocating 4000000000000 bytes.",
        "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "_ArrayMemoryError: Unable to allocate 8.00 EiB for an array",
        "MemoryError: ",
    ],
)
def test_every_framework_s_words_for_it_are_known(error: str) -> None:
    assert of_error(error)[0] == "out of memory"


@pytest.mark.parametrize(
    "error",
    [
        "RuntimeError: CUDA error: device-side assert triggered",
        "ValueError: memory format is not channels_last",
        "RuntimeError: CUDA error: an illegal memory access was encountered",
    ],
)
def test_other_errors_are_not_taken_for_it(error: str) -> None:
    assert of_error(error)[0] == "failed"


def test_a_kill_is_out_of_memory_when_the_kernel_says_so_or_the_log_does() -> None:
    kill, abort = int(signal.SIGKILL), int(signal.SIGABRT)
    assert of_status(kill, "", (), kernel_killed=False) == ("crashed", "killed by SIGKILL (likely out of memory)")
    assert of_status(kill, "", (), kernel_killed=True)[0] == "out of memory"
    said = "terminate called after throwing an instance of 'std::bad_alloc'"
    assert of_signal(abort, ("before", said)) == ("out of memory", f"killed by SIGABRT (Aborted): {said}")
    assert of_signal(abort, ("before",), kernel_killed=True)[0] == "crashed"


def test_resident_memory_is_what_the_kernel_counts(tmp_path: Path) -> None:
    code = "import sys; held = bytearray(b'x' * (64 << 20)); print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert 64 << 20 <= resident(child.pid) < 128 << 20
        assert resident(os.getpid()) >= resident(child.pid)
        child.communicate()
    assert resident(child.pid) == 0


def test_the_kernel_s_counter_is_read(tmp_path: Path) -> None:
    (tmp_path / "vmstat").write_text("nr_free_pages 1\noom_kill 7\n")
    assert kernel_kills(tmp_path) == 7
    (tmp_path / "vmstat").write_text("nr_free_pages 1\n")
    assert kernel_kills(tmp_path) == 0
    assert kernel_kills(tmp_path / "nowhere") == 0
