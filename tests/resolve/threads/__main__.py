"""``python -m tests.resolve.threads``: how many threads the program answers right, partly and wrong."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import click

from tests.resolve.threads import Said, Thread, arguments, shortcomings, threads, verdict

PROGRAM = Path(sys.executable).with_name("gpusetup")


def say(thread: Thread, place: Path) -> Said:
    """Return what the installed program answers."""
    done = subprocess.run([PROGRAM, *arguments(thread, place)], capture_output=True, text=True, check=False)
    return Said(done.returncode, f"{done.stdout}\n{done.stderr}")


def main() -> None:
    """Print one line for each thread that is not answered right, and the counts."""
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place:
        for thread in threads():
            said = say(thread, Path(place))
            counts[verdict(thread, said)] += 1
            for short in shortcomings(thread, said):
                click.echo(f"{verdict(thread, said)} {thread.name}: {short}")
    click.echo(", ".join(f"{counts[one]} {one}" for one in ("right", "partly", "wrong")))


if __name__ == "__main__":
    main()
