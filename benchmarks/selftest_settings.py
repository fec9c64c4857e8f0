"""The self-test under unusual settings: start-up code, variables, ``keras.json``.

``selftest_settings.toml`` lists them. Each runs the checks named (default: all) in a separate process that finds
the start-up code as ``sitecustomize``. Prints one line per setting, how the runs and the proof ended, and ends with 1
when a setting did not end as its row expects. All of it takes half an hour on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TABLE = Path(__file__).with_suffix(".toml")


def main(wanted: argparse.Namespace) -> int:
    rows = tomllib.loads(TABLE.read_text("utf-8"))["setting"]
    names = wanted.name or [""]
    here = [row for row in rows if wanted.framework in {None, row["framework"]}]
    chosen = [row for row in here if any(name in row["name"] for name in names)]
    wrong = 0
    for row in chosen:
        ended = run(row, wanted)
        right = ended.startswith(row.get("ends", "proven").partition(":")[0])
        wrong += not right
        print(f"{row['framework']:10} {row['name']:48} {'' if right else 'NOT EXPECTED: '}{ended}", flush=True)
    print(f"{len(chosen)} settings, {wrong} ended otherwise than expected")
    return 1 if wrong else 0


def run(row: dict[str, Any], wanted: argparse.Namespace) -> str:
    """Return ``proven``, or how the runs ended and the first verdict that failed."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "sitecustomize.py").write_text(row.get("start", ""), "utf-8")
        if "keras" in row:
            Path(folder, "keras.json").write_text(row["keras"], "utf-8")
        words = ["selftest", "--quick", "--device", "cpu", "--json", "--deadline", "600"]
        words += ["--repeat", str(wanted.repeat), "--framework", row["framework"]]
        words += [word for name in wanted.check for word in ("--check", name)]
        done = subprocess.run(
            [sys.executable, "-m", "gpusetup", *words],
            env=os.environ | {"PYTHONPATH": f"{folder}:{ROOT}", "KERAS_HOME": folder} | row.get("variables", {}),
            capture_output=True,
            text=True,
            check=False,
        )
    if not done.stdout.startswith("{"):
        return f"exit {done.returncode}, {done.stderr.strip()[-200:]}"
    proof = json.loads(done.stdout)
    failed = [one for one in proof["verdicts"] if one["state"] == "failed"]
    outcomes = Counter(one["outcome"] for one in proof["runs"] if one["job"]["framework"] == row["framework"])
    if not failed and set(outcomes) == {"finished"}:
        return f"proven ({outcomes.total()} runs)"
    ends = next((name for name in outcomes if name != "finished"), "failed")
    why = failed[0] if failed else next(one for one in proof["verdicts"] if one["kind"] == "run")
    return f"{ends}: {dict(outcomes)}, {why['check']}: {why['summary'][:160]}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--framework")
    parser.add_argument("--name", action="append", default=[], help="part of a setting's name")
    parser.add_argument("--check", action="append", default=[])
    parser.add_argument("--repeat", type=int, default=2)
    sys.exit(main(parser.parse_args()))
