"""Which frameworks of this Python can use the card, and why the others cannot."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

MODULES = {"pytorch": "torch", "jax": "jax", "tensorflow": "tensorflow"}
# each prints nothing when this build can use the card, and otherwise why not
_ASK = {
    "pytorch": """
import torch
if not torch.backends.cuda.is_built(): print(f"torch {torch.__version__} is built without CUDA")
elif not torch.cuda.is_available(): print(f"torch {torch.__version__} does not see the card")
""",
    "jax": """
import jax
if not any(one.platform == "gpu" for one in jax.devices()):
    print(f"jax {jax.__version__} has only {', '.join(sorted({one.platform for one in jax.devices()}))} devices")
""",
    "tensorflow": """
import tensorflow as tf
if not tf.test.is_built_with_cuda(): print(f"tensorflow {tf.__version__} is built without CUDA")
elif not tf.config.list_physical_devices("GPU"): print(f"tensorflow {tf.__version__} does not see the card")
""",
}
SECONDS = 40


def obstacles(asked: tuple[str, ...] = tuple(MODULES)) -> dict[str, str]:
    """Return for each framework "" when it can use the card, and otherwise why not."""
    with ThreadPoolExecutor() as pool:
        return dict(zip(asked, pool.map(_obstacle, asked), strict=True))


def _obstacle(framework: str) -> str:
    if importlib.util.find_spec(MODULES[framework]) is None:
        return "not installed"
    command = [sys.executable, "-c", _ASK[framework]]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"did not answer within {SECONDS} s"
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return lines[-1] if lines else "" if done.returncode == 0 else f"ended with {done.returncode}"


def describe(found: dict[str, str]) -> str:
    """Return it as one line: ``with pytorch; not with jax: not installed``."""
    able = [framework for framework, why in found.items() if not why]
    others = [f"{framework}: {why}" for framework, why in found.items() if why]
    first = f"with {', '.join(able)}" if able else "with no framework"
    return "; not with ".join([first, *others])
