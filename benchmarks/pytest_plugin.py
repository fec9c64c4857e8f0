"""What the pytest plugin adds to the start of a pytest that does not use it, as milliseconds of processor time.

``python benchmarks/pytest_plugin.py [ROUNDS]``: pytest collects one empty test with and without it, in turn.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

OFF = ("-p", "no:gpusetup")


def milliseconds(folder: Path, *options: str) -> float:
    """Return the processor time of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options], cwd=folder, check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "test_empty.py").write_text("def test_empty():\n    pass\n")
        milliseconds(folder)
        pairs = [(milliseconds(folder), milliseconds(folder, *OFF)) for _ in range(rounds)]
    apart = statistics.median(one - other for one, other in pairs)
    whole = statistics.median(one for one, _ in pairs)
    print(f"the plugin adds {apart:.2f} ms to {whole:.0f} ms of processor time (median of {rounds} pairs)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
