"""What `gpusetup repro` finds in small programs whose cause is known, and in sound ones; one line each, then counts.

``python benchmarks/repro_programs.py [KIND | NAME]…``: kinds are differing, threads (public reports), latent and same.
Every program is run as a user would: from the command line, in a folder of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from gpusetup.repro.model import Repro
from tests.repro.causes import KINDS, Program, programs

COMMAND = Path(sys.executable).with_name("gpusetup")


def main() -> int:
    asked, counts = sys.argv[1:], Counter[str]()
    for kind in KINDS:
        for program in programs(kind):
            if not asked or {kind, program.path.stem} & set(asked):
                outcome, said = judged(program)
                counts[f"{kind}: {outcome}"] += 1
                print(f"{outcome:13} {kind}/{program.path.stem}: {program.cause or 'nothing'}{said}", flush=True)
    for line, number in sorted(counts.items()):
        print(f"{number:4} {line}")
    return int(any(line.endswith(("accused", "not found", "failed")) for line in counts))


def judged(program: Program) -> tuple[str, str]:
    """Return what became of a program, and what was named where that is not its cause."""
    found = run(program)
    if isinstance(found, str):
        return "failed", f"; {found}"
    named = f"; named {' '.join(found.causes()) or 'none'}, fixed {found.fixed}, {len(found.trials)} runs"
    if program.kind == "same":
        return ("not accused", "") if found.reproduces else ("accused", f"; {found.difference}")
    if not program.found(found):
        return "not found", named
    return ("named", "") if program.named(found) else ("not named", named)


def run(program: Program) -> Repro | str:
    """Return what repro finds, or what it says where it finds nothing."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "project"
        folder.mkdir()
        (folder / "program.py").write_bytes(program.path.read_bytes())
        vary = ["--vary", ",".join(program.asked)] if program.asked else []
        words = [str(COMMAND), "repro", "--json", *vary, "--", sys.executable, "program.py"]
        variables = dict(os.environ) | {"STATE": scratch}
        ran = subprocess.run(words, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    if ran.returncode not in (0, 1):
        return ran.stderr.strip()[-300:]
    return msgspec.json.decode(ran.stdout, type=Repro)


if __name__ == "__main__":
    raise SystemExit(main())
