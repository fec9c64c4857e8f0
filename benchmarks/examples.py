"""Every example project in the ready-made CI, as it is and with its seed dropped: green, and red with its cause.

    python benchmarks/examples.py [NAME …]

The Action's own script is run as GitHub's runner would run it. A project whose framework is not installed is named, and
makes the exit code 3.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.action import run_step
from tests.support import ROOT

DROPPED = {
    "numpy": ("np.random.default_rng(SEED)", "np.random.default_rng()", "a generator of NumPy that nothing seeds"),
    "torch": ("torch.manual_seed(seed)", "pass", "PyTorch"),
    "accelerate": ("set_seed(SEED)", "pass", "PyTorch"),
    "keras": ("keras.utils.set_random_seed(SEED)", "pass", "seed"),
    "jax": ("jax.random.key(SEED)", "jax.random.key(__import__('time').time_ns())", "time"),
}
"""Example → its line with the seed, what stands there without one, and a word of the cause that has to be named."""
MODULES = {"keras": "tensorflow"}


def act(project: Path) -> tuple[int, str]:
    """Run the Action's step in `project`, and return its exit code and what the job's page says."""
    done, files = run_step("Run gpusetup", project, run="python train.py")
    page = files / "summary"
    said = page.read_text().replace("\\", "") if page.exists() else done.stderr
    page.unlink(missing_ok=True)
    return done.returncode, said


def judge(name: str, scratch: Path) -> list[str]:
    """Return what is wrong with the example `name`: nothing, if it is green, and red without its seed."""
    seed, without, cause = DROPPED[name]
    project = scratch / name / "project"
    shutil.copytree(ROOT / "examples" / name, project)
    wrong = []
    code, page = act(project)
    if code != 0 or "REPRODUCES" not in page:
        wrong.append(f"as it is: exit code {code}: {page.strip()[:300]}")
    program = (project / "train.py").read_text()
    assert seed in program
    (project / "train.py").write_text(program.replace(seed, without))
    code, page = act(project)
    if code != 1 or cause not in page:
        wrong.append(f"without its seed: exit code {code}, {cause!r} is not named: {page.strip()[:600]}")
    return wrong


def main() -> int:
    """Judge the examples that are named, or all of them."""
    failed, absent = 0, []
    with tempfile.TemporaryDirectory() as scratch:
        for name in sys.argv[1:] or DROPPED:
            if importlib.util.find_spec(MODULES.get(name, name)) is None:
                absent.append(name)
                continue
            wrong = judge(name, Path(scratch))
            failed += bool(wrong)
            print(f"{name}: {'; '.join(wrong) or 'green as it is, red without its seed, the cause named'}", flush=True)
    for name in absent:
        print(f"{name}: not run, {MODULES.get(name, name)} is not installed")
    return 1 if failed else 3 if absent else 0


if __name__ == "__main__":
    sys.exit(main())
