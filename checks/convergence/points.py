"""The reference's convergence points: seed → steps of each workload, computed by the float64 references.

``python -P checks/convergence/points.py CHECKS_DIR`` computes the table anew (some minutes) and writes it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

TABLE = Path(__file__).with_name("points.tsv")
SEEDS = 60
_HEAD = """# Steps to the stated loss from each seed, by the float64 references of the workloads. Computed by points.py.
"""


def read_points(table: Path = TABLE) -> dict[str, dict[int, int]]:
    """Return workload → seed → steps."""
    found: dict[str, dict[int, int]] = {}
    for line in table.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            name, seed, steps = line.split("\t")
            found.setdefault(name, {})[int(seed)] = int(steps)
    return found


def main(folder: str) -> None:
    """Write the table."""
    package = ModuleType("checks")
    package.__path__ = [folder]
    sys.modules["checks"] = package
    from checks.common.job import Job
    from checks.convergence import converge
    from checks.convergence.workloads import WORKLOADS

    job = Job(
        check="convergence", framework="reference", device="cpu", seed=0, round=1, profile="full", threads=1,
        trace="", log="",
    )  # fmt: skip
    rows = []
    for workload in WORKLOADS:
        for seed, steps in enumerate(converge(workload, range(SEEDS), job)):
            rows.append(f"{workload.name}\t{seed}\t{steps}\n")
            sys.stderr.write(rows[-1])
    TABLE.write_text(_HEAD + "".join(rows), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
