"""Every check on a real card: ``pytest tests/gpu`` is the one command."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from gpusetup.selftest.proof import Proof

Run = Callable[..., subprocess.CompletedProcess[str]]
SHARE = 0.95
"""Of the best that the same card gave in the same run."""


@pytest.fixture(scope="module")
def cuda_frameworks() -> list[str]:
    """Return the arguments for the frameworks whose builds here can use the card."""
    if importlib.util.find_spec("torch") is None:
        pytest.skip("PyTorch is not installed")
    code = "import torch; print(torch.cuda.is_available())"
    done = subprocess.run(["python", "-c", code], capture_output=True, text=True, check=False)
    if done.stdout.strip() != "True":
        pytest.skip("this build of PyTorch cannot use the card")
    return ["--framework", "pytorch"]


def prove(gpusetup: Run, *arguments: str) -> Proof:
    done = gpusetup("selftest", *arguments, "--json", timeout=3600)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    return msgspec.json.decode(done.stdout, type=Proof)


def test_every_check_holds_on_cpu_and_card(gpusetup: Run, cuda_frameworks: list[str]) -> None:
    proof = prove(gpusetup, *cuda_frameworks, "--full", "--device", "cpu", "--device", "cuda:0")
    agreed = {
        one.check for one in proof.verdicts if one.kind == "agreement" and "cuda:0" in {one.device, one.against[-6:]}
    }
    assert agreed == set(proof.checks)
    assert {one.state for one in proof.verdicts if one.kind == "determinism"} == {"passed"}
    on_card = [run for run in proof.runs if run.job.device == "cuda:0"]
    assert all(run.result and "gpu" in proof.environments[run.result.environment] for run in on_card)
    shares = {
        name: share
        for run in on_card
        for name, share in (run.result.measures.items() if run.result else ())
        if name.endswith("share of the run's best") and name.startswith(("bfloat16 matmul", "copy on the device"))
    }
    assert len(shares) == 2
    assert all(share >= SHARE for share in shares.values()), shares


@pytest.mark.parametrize("precision", ["tf32", "bf16", "fp16", "float64"])
def test_every_form_of_a_check_holds_in_its_precision(
    gpusetup: Run, cuda_frameworks: list[str], precision: str
) -> None:
    done = gpusetup(
        "selftest", *cuda_frameworks, "--device", "cuda:0", "--precision", precision, "--json", timeout=1800
    )
    if done.returncode == 2 and "is not supported on" in done.stderr:
        pytest.skip(f"no check supports {precision}")
    assert done.returncode == 0, done.stdout[-4000:]


def test_a_card_that_is_full_is_said_to_be(gpusetup: Run, cuda_frameworks: list[str], tmp_path: Path) -> None:
    own = tmp_path / "vast"
    own.mkdir()
    (own / "check.toml").write_text('title = "too much"\nversion = 1\nproves = []\n')
    (own / "__init__.py").write_text("def prove(backend, job, record):\n    backend.run(job, record)\n")
    (own / "reference.py").write_text("def run(job, record):\n    record.tensor('exact', 'one', 1)\n")
    (own / "pytorch.py").write_text(
        "import torch\n\ndef run(job, record):\n"
        "    record.tensor('exact', 'one', torch.empty(1 << 44, device='cuda')[0].item())\n"
    )
    done = gpusetup(
        "selftest", *cuda_frameworks, "--checks", tmp_path, "--check", "vast", "--device", "cuda:0", "--json"
    )
    proof = msgspec.json.decode(done.stdout, type=Proof)
    [ended] = {run.outcome for run in proof.runs if run.job.framework == "pytorch"}
    assert (done.returncode, ended) == (1, "out of memory")
