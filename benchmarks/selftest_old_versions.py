"""The self-test on older frameworks: what is proven, what is unsupported, and what really is wrong in them.

For each row of the table an environment is made, the checks are run in it, and it is removed again: a gigabyte and
some minutes each on two cores. Prints how each check ended. Ends with 1 when a run failed by an error, which no older
version should bring about; verdicts that fail are listed, for old versions have faults of their own (docs/checks.md).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

ROWS: dict[str, tuple[str, ...]] = {
    "TensorFlow 2.15": ("tensorflow-cpu==2.15.1",),
    "TensorFlow 2.16, Keras 3.0": ("tensorflow-cpu==2.16.2", "keras==3.0.5"),
    "TensorFlow 2.16, Keras 3.6": ("tensorflow-cpu==2.16.2", "keras==3.6.0"),
    "TensorFlow 2.18": ("tensorflow-cpu==2.18.1",),
    "TensorFlow 2.20": ("tensorflow-cpu==2.20.0",),
    "JAX 0.4.30": ("jax==0.4.30", "jaxlib==0.4.30", "optax==0.2.3"),
    "JAX 0.7.2": ("jax==0.7.2", "jaxlib==0.7.2", "optax==0.2.5"),
}


def main(wanted: argparse.Namespace) -> int:
    wrong = 0
    for name, packages in ROWS.items():
        if wanted.name not in name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            python = install(Path(folder), packages)
            proof = run("jax" if name.startswith("JAX") else "tensorflow", python, wanted.check)
        wrong += report(name, proof)
    return 1 if wrong else 0


def install(folder: Path, packages: tuple[str, ...]) -> Path:
    """Return the interpreter of a new environment with these packages."""
    python = folder / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *packages], check=True)
    return python


def run(framework: str, python: Path, checks: list[str]) -> dict[str, Any]:
    """Return the proof of a quick run under that interpreter."""
    words = ["selftest", "--quick", "--device", "cpu", "--json", "--deadline", "600", "--framework", framework]
    words += ["--python", f"{framework}={python}", *(word for name in checks for word in ("--check", name))]
    done = subprocess.run([sys.executable, "-m", "gpusetup", *words], capture_output=True, text=True, check=False)
    if not done.stdout.startswith("{"):
        raise RuntimeError(f"exit {done.returncode}: {done.stderr.strip()[-300:]}")
    proof: dict[str, Any] = json.loads(done.stdout)
    return proof


def report(name: str, proof: dict[str, Any]) -> int:
    """Print how each check ended; return how many runs failed by an error."""
    failed = defaultdict(list)
    for verdict in proof["verdicts"]:
        if verdict["state"] == "failed":
            failed[verdict["check"]].append(verdict["summary"])
    runs = {one["job"]["check"]: one for one in proof["runs"] if one["job"]["framework"] != "reference"}
    for check, one in runs.items():
        ended = f"{one['outcome']}: {one['cause']}" if one["outcome"] != "finished" else "proven"
        print(f"{name:28} {check:12} {'; '.join(failed[check]) if failed[check] else ended}", flush=True)
    return sum(one["outcome"] not in {"finished", "unsupported"} for one in runs.values())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", default="", help="part of a row's name")
    parser.add_argument("--check", action="append", default=[])
    sys.exit(main(parser.parse_args()))
