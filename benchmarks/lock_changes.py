"""A locked stack, then one change at a time: whether `gpusetup verify` names the cause first.

``lock_changes.toml`` lists the changes. Other releases are not installed here: ``--numpy FOLDER`` names a folder of
packages with another NumPy, ``--tensorflow PYTHON`` and ``--jax PYTHON`` interpreters with other releases. Prints one
line per change with what verify answers, and ends with 1 where another cause came first. Ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_suffix(".toml")
CHECK = Path(__file__).with_name("lock_check")


def main(wanted: argparse.Namespace) -> int:
    rows = tomllib.loads(TABLE.read_text("utf-8"))["change"]
    chosen = [row for row in rows if any(name in row["name"] for name in wanted.name or [""])]
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder)
        shutil.copytree(CHECK, world / "checks")
        (world / "data").mkdir()
        (world / "data" / "numbers.txt").write_text("0")
        lock(world, sorted({row["framework"] for row in chosen}))
        right = sum(tried(row, world, wanted) for row in chosen)
    print(f"{len(chosen)} changes, {right} named first or left out for want of another release")
    return 0 if right == len(chosen) else 1


def lock(world: Path, frameworks: list[str]) -> None:
    words = [word for name in frameworks for word in ("--framework", name)]
    words += ["--check", "steps", "--checks", "checks", "--data", "data", "--device", "cpu", "--repeat", "1"]
    done = run(world, ["lock", *words, "--jobs", "1"], {})
    if not (world / "gpusetup.lock").exists():
        sys.exit(done.stderr)


def tried(row: dict[str, Any], world: Path, wanted: argparse.Namespace) -> bool:
    """Make the change, verify, take it back; return whether its cause came first."""
    other = getattr(wanted, row.get("needs", ""), None)
    if "needs" in row and other is None:
        print(f"left out     {row['name']}: needs --{row['needs']}")
        return True
    variables, options = dict(row.get("variables", {})), list(row.get("options", ()))
    if row.get("needs") == "numpy":
        variables["PYTHONPATH"] = os.pathsep.join(filter(None, (str(other), os.environ.get("PYTHONPATH"))))
    elif "needs" in row:
        options += ["--python", f"{row['needs']}={other}"]
    source, data = world / "checks" / "steps" / f"{row['framework']}.py", world / "data" / "numbers.txt"
    text = source.read_text()
    source.write_text(text.replace(*row["edit"]) if "edit" in row else text)
    data.write_text(row.get("data", "0"))
    words = ["verify", "--framework", row["framework"], "--checks", "checks", "--jobs", "1", "--json"]
    done = run(world, [*words, *options], variables)
    source.write_text(text)
    data.write_text("0")
    return said(row, done)


def said(row: dict[str, Any], done: subprocess.CompletedProcess[str]) -> bool:
    if not done.stdout.startswith("{"):
        print(f"NO ANSWER    {row['name']}: exit {done.returncode}, {done.stderr.strip()[-300:]}", flush=True)
        return False
    answer = json.loads(done.stdout)
    causes = [(one["change"]["key"], one["standing"]) for one in answer["causes"]]
    key, standing = causes[0] if causes else ("", "")
    right = fnmatch.fnmatchcase(key, row["cause"])
    worst = max((one.get("worst") or 0 for one in answer["results"] if one["framework"] != "reference"), default=0)
    print(
        f"{'first' if right else 'NOT FIRST':12} {row['name']}: {answer['verdict']} (exit {done.returncode}), "
        f"{worst:.3g} ulps; {key or 'no cause'} {standing}",
        flush=True,
    )
    return right


def run(world: Path, words: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gpusetup", *words],
        cwd=world, env=os.environ | variables, capture_output=True, text=True, check=False,
    )  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="*", help="only changes with this in their name")
    parser.add_argument("--numpy", metavar="FOLDER")
    parser.add_argument("--tensorflow", metavar="PYTHON")
    parser.add_argument("--jax", metavar="PYTHON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(arguments()))
