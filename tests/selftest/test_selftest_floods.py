"""A worker that says or prints without end is ended, and costs neither memory nor disk beyond a stated bound."""

from __future__ import annotations

import tracemalloc

import pytest

from gpusetup.selftest.workers import worker_queue
from gpusetup.selftest.workers.protocol import Progress, Reader
from tests.selftest.small_world import RIGHT, STUB, World, failed

_MIB = 1 << 20
TO_EVERY_PIPE = """
import os, stat
def flood(chunk):
    pipes = [fd for fd in range(3, 40) if is_pipe(fd)]
    while True:
        for fd in pipes: os.write(fd, chunk)
def is_pipe(fd):
    try: return stat.S_ISFIFO(os.fstat(fd).st_mode)
    except OSError: return False
"""
PRINTING = "import sys\ndef run(job, record):\n    while True: sys.stderr.write('x' * 65536 + chr(10))\n"
FLOODS = {
    "one endless line": (TO_EVERY_PIPE + "def run(job, record): flood(b'x' * 65536)", "to the engine's pipe"),
    "many lines": (TO_EVERY_PIPE + "def run(job, record): flood(b'{}' + bytes([10]))", "to the engine's pipe"),
    "a log": (PRINTING, "printed more than"),
}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_queue, "_MOST_SAID", _MIB)
    monkeypatch.setattr(worker_queue, "_MOST_PRINTED", 8 * _MIB)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_is_ended_and_the_next_check_still_runs(world: World, name: str) -> None:
    source, cause = FLOODS[name]
    world.add("bad", pytorch=source)
    world.add("good", pytorch=RIGHT)
    proof = world.prove("bad", "good", frameworks=("pytorch",), repeat=1)
    runs = {run.job.check: run for run in proof.runs if run.job.framework == "pytorch"}
    assert (runs["bad"].outcome, runs["good"].outcome) == ("failed", "finished")
    assert cause in runs["bad"].cause
    assert [kind for kind, *_ in failed(proof)] == ["run"]
    assert sum(map(len, runs["bad"].log)) <= 1 << 12


@pytest.mark.usefixtures("small")
def test_a_flood_of_an_import_is_said_once_for_every_check(world: World) -> None:
    (world.folder / "common" / "pytorch.py").write_text(
        "import sys\nwhile True: sys.stderr.write('x' * 65536)\n" + STUB
    )
    world.add("one", pytorch=RIGHT)
    world.add("two", pytorch=RIGHT)
    proof = world.prove("one", "two", frameworks=("pytorch",), repeat=1)
    assert {run.cause for run in proof.runs if run.job.framework == "pytorch"} == {
        "importing pytorch printed more than 8 MiB"
    }


def test_a_long_message_is_put_together_once() -> None:
    reader, piece = Reader(), b"x" * (1 << 16)
    tracemalloc.start()
    for _ in range(512):  # 32 MiB, which joined anew for each piece would be 8 GiB of copies
        assert reader.feed(piece) == []
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 * _MIB + 512 * 100  # the pieces are one object here; nothing else is made of them
    assert reader.feed(b'\n{"type":"Progress","done":1,"total":2}\n') == [Progress(done=1, total=2)]
    assert reader.taken == 32 * _MIB + 40
