"""Every fault planted in a framework itself, and where the `operations` check finds it; then the page is written.

The tables are ``tests/checks/operations/*_faults.toml``. What became of a row is kept in ``build/framework-faults``
with a digest of the row and of the check, so that only what changed is run again. The page,
``docs/evidence/framework-faults.md``, is written when every row has a result of the present sources.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.checks.operations.plant import MISSED, count_families, table
from tests.checks.planted import ROOT

PAGE = ROOT / "docs" / "evidence" / "framework-faults.md"
KEPT = ROOT / "build" / "framework-faults"
FRAMEWORKS = {"pytorch": "PyTorch", "tensorflow": "TensorFlow, Keras", "jax": "JAX, optax"}
JUDGES = ("bounded", "case", "functions", "judge", "law", "linear_maps", "products")
HEAD = """# Faults planted in the frameworks

Each row is one function of a framework that is made to return something else (`tests/checks/operations/*_faults.toml`
says what), and the case of the `operations` check that fails by its numbers, the direction named. Without the fault
the case passes. `python benchmarks/selftest_framework_faults.py` writes this page. Keras's layers times 0.9 are in
`tests/checks/operations/plant_keras.py`, faults in the checks' own sources on [the other page](planted-faults.md).
"""


def digest(row: dict[str, Any]) -> str:
    """Return the digest of what decides whether the fault is found: the row, its family, and how results are judged."""
    family = str(row["case"]).partition(".")[0]
    folder = ROOT / "checks" / "operations"
    sources = [folder / f"{name}.py" for name in JUDGES] + sorted(folder.glob(f"families/{family}*/**/*.py"))
    sources += sorted(folder.glob(f"families/{family}.py"))
    text = json.dumps(row, sort_keys=True).encode()
    return hashlib.sha256(text + b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]


def results(framework: str) -> dict[str, str]:
    """Return where each fault of a framework is found; run what has no result of the present sources."""
    file, rows = KEPT / f"{framework}.json", table(framework)
    kept: dict[str, list[str]] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    wanted = {name: digest(row) for name, row in rows.items()}
    found = {name: kept[name] for name in rows if name in kept and kept[name][0] == wanted[name]}
    left = [name for name in rows if name not in found]
    for name, where in (run(framework, left) if left else {}).items():
        found[name] = [wanted[name], where]
    KEPT.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, indent=1), "utf-8")
    return {name: found[name][1] for name in rows}


def run(framework: str, names: list[str]) -> dict[str, str]:
    """Return where the named faults are found, in a process of their own."""
    settings = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
    settings |= {"KERAS_BACKEND": "tensorflow", "NPROC": "1"}
    command = [sys.executable, "-m", "tests.checks.operations.plant", framework, *names]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | settings, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def write_page(found: dict[str, dict[str, str]]) -> str:
    """Return the page: how many per family and framework, then every fault."""
    targets = {framework: table(framework) for framework in found}
    counts = {framework: count_families(rows) for framework, rows in targets.items()}
    families = sorted(set().union(*counts.values()))
    lines = [HEAD, f"| family | {' | '.join(FRAMEWORKS[one] for one in found)} |", "|---" * (len(found) + 1) + "|"]
    for family in families:
        cells = " | ".join(str(counts[framework][family]) for framework in found)
        lines.append(f"| {family.replace('_', ' ')} | {cells} |")
    caught = {framework: sum(not one.startswith(MISSED) for one in rows.values()) for framework, rows in found.items()}
    lines.append(f"| found, of | {' | '.join(f'{caught[one]} of {len(found[one])}' for one in found)} |")
    lines += ["", "| framework | fault | function | found by |", "|---|---|---|---|"]
    for framework, rows in found.items():
        lines += [
            f"| {framework} | {name} | `{targets[framework][name]['target']}` | {where} |"
            for name, where in rows.items()
        ]
    return "\n".join([*lines, ""])


def main() -> int:
    """Run what is left and write the page; 1 when a fault is missed."""
    found = {framework: results(framework) for framework in FRAMEWORKS}
    PAGE.write_text(write_page(found), "utf-8")
    missed = [f"{framework} {name}: {where}" for framework, rows in found.items() for name, where in rows.items()
              if where.startswith(MISSED)]  # fmt: skip
    print("\n".join([f"{sum(map(len, found.values()))} faults, {len(missed)} missed", *missed]))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
