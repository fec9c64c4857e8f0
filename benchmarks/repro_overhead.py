"""How much slower a program is under the hooks of `gpusetup repro`, as a ratio of processor time within one run.

``python benchmarks/repro_overhead.py [ROUNDS]``: each program runs bare and under the hooks in turns, nothing being
held or varied, as the first two runs are; the ratio is that of the medians. The last line is the whole command beside
two bare runs.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from gpusetup.repro.trial import INJECTED

PROGRAMS = {
    "an empty program": "pass",
    "imports NumPy": "import numpy",
    "reads 20,000 files": "for _ in range(20000): open('/proc/self/stat').close()",
    "writes 5,000 files": "for n in range(5000): open(f'{n % 50}.txt', 'w').close()",
    "computes in Python": "print(sum(n * n % 7 for n in range(4_000_000)))",
    "trains in PyTorch": """
import torch
torch.set_num_threads(1)
model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1))
optimiser = torch.optim.Adam(model.parameters())
x = torch.rand(256, 64)
for _ in range(300):
    optimiser.zero_grad()
    model(x).square().mean().backward()
    optimiser.step()
torch.save(model.state_dict(), "model.pt")
""",
}


def main() -> int:
    rounds = int(sys.argv[1]) if sys.argv[1:] else 5
    for name, text in PROGRAMS.items():
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "p.py").write_text(text)
            (Path(folder) / "record").touch()
            hooks = {"PYTHONPATH": str(INJECTED), "_GPUSETUP_REPRO_RECORD": f"{folder}/record"}
            pairs = [(_seconds(folder, {}), _seconds(folder, hooks)) for _ in range(rounds)]
        bare, hooked = (statistics.median(one) for one in zip(*pairs, strict=True))
        print(f"{name:20} {bare:7.3f} s bare, {hooked:7.3f} s under the hooks: {hooked / bare:5.2f}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "p.py").write_text(text)
        bare = _seconds(folder, {}) + _seconds(folder, {})
        whole = _spent([str(Path(sys.executable).with_name("gpusetup")), "repro", "--", sys.executable, "p.py"], folder)
    print(f"the whole command, of a program that {name}: {whole / bare:.2f} of two bare runs")
    return 0


def _seconds(folder: str, variables: dict[str, str]) -> float:
    return _spent([sys.executable, "p.py"], folder, variables)


def _spent(words: list[str], folder: str, variables: dict[str, str] | None = None) -> float:
    """Return the seconds of processor time that a command takes, with its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, cwd=folder, env=dict(os.environ) | (variables or {}), check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    raise SystemExit(main())
