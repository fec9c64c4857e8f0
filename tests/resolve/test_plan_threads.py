"""Public threads of people installing: what the program answers, against what turned out to be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.resolve.threads import Said, Thread, arguments, shortcomings, threads
from tests.support import Run, drawn

THREADS = threads()


@pytest.mark.parametrize("thread", drawn("threads", THREADS, 8), ids=lambda thread: thread.name)
def test_the_answer_is_the_established_one(gpusetup: Run, tmp_path: Path, thread: Thread) -> None:
    done = gpusetup(*arguments(thread, tmp_path))
    assert shortcomings(thread, Said(done.returncode, f"{done.stdout}\n{done.stderr}")) == []


def test_a_wrong_answer_falls_short() -> None:
    thread = Thread("any", (), must=("580",), never=("nvidia-open",), exit=(0,))
    assert shortcomings(thread, Said(0, "driver 580")) == []
    assert len(shortcomings(thread, Said(4, "nvidia-open"))) == 3
