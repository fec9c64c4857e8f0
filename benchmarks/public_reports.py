"""Public reports with a known cause: how many the doctor explains, and what it says first of each.

``[CHECKOUT=DIR] python benchmarks/public_reports.py [FOLDER]``. FOLDER (default ``tests/doctor/reports``) holds the
reports. CHECKOUT is the version to measure (default: this one), with its program in ``.venv``: reports and judge
stay those of this checkout, so that two versions are measured alike.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the instrument lives beside the tests

from tests.doctor.public_reports import FOLDER, Judgement, judge, replay, reports, titles

CHECKOUT = Path(os.environ.get("CHECKOUT") or Path(__file__).parent.parent).resolve()
BIN = CHECKOUT / ".venv/bin"
AT_A_TIME = 2
VERDICTS = ("right", "partly", "missed", "wrong", "refused")
UNSET = ("PYTHONPATH",)


def doctor(*args: str) -> tuple[int, str]:
    """Run the measured checkout's program."""
    kept = {name: value for name, value in os.environ.items() if name not in UNSET} | {
        "NO_COLOR": "1",
        "COLUMNS": "200",
    }
    done = subprocess.run([BIN / "gpusetup", *args], capture_output=True, env=kept, check=False, timeout=120)
    return done.returncode, (done.stdout + b"\n" + done.stderr).decode(errors="replace")


def main(folder: Path) -> int:
    every, names = reports(folder), titles(doctor)
    with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(AT_A_TIME) as pool:
        machines = {name: Path(place) / f"{name}.json" for name in every}
        replay([(report, machines[name]) for name, report in every.items()], CHECKOUT, str(BIN / "python"))
        found = pool.map(lambda name: judge(every[name], machines[name], doctor, names), every)
        counts = Counter(_shown(name, one) for name, one in zip(every, found, strict=True))
    print(", ".join(f"{verdict} {counts[verdict]}" for verdict in VERDICTS) + f" of {len(every)}")
    return 0 if every else 1


def _shown(name: str, one: Judgement) -> str:
    print(f"{one.verdict:7}  {name}: {one.said[:140]}", *one.short, sep="\n          ", flush=True)
    return one.verdict


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
