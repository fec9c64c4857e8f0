"""Every check on a real card: ``pytest tests/gpu`` is the one command, with PyTorch and JAX in ten minutes at most.

The limits of time are those of a hang; with that of `usable.py` they add up to less than ten minutes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from gpusetup.selftest.proof import Proof

Run = Callable[..., subprocess.CompletedProcess[str]]
CARD = "cuda:0"
SHARE = 0.9
"""Of the best that the same card gave in the same run."""


def chosen(frameworks: list[str]) -> list[str]:
    return [part for name in frameworks for part in ("--framework", name)]


def prove(gpusetup: Run, *arguments: str, timeout: float) -> Proof:
    done = gpusetup("selftest", *arguments, "--json", timeout=timeout)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    return msgspec.json.decode(done.stdout, type=Proof)


def test_every_check_holds_on_cpu_and_card(gpusetup: Run, frameworks: list[str]) -> None:
    proof = prove(gpusetup, *chosen(frameworks), "--device", "cpu", "--device", CARD, timeout=220)
    for framework in frameworks:
        right = {
            one.check
            for one in proof.verdicts
            if (one.kind, one.framework, one.device, one.state) == ("parity", framework, CARD, "passed")
        }
        assert right == set(proof.checks), framework
    assert {one.state for one in proof.verdicts if one.kind == "determinism"} == {"passed"}
    on_card = [run for run in proof.runs if run.job.device == CARD]
    for run in on_card:
        assert run.result is not None, run.cause
        key = proof.environments[run.result.environment]
        assert key["gpu"]
        assert key["driver"] != "?"
    assert "exact" in proof.concluded().exact


def test_speeds_are_of_the_card_and_not_of_its_start(gpusetup: Run, frameworks: list[str]) -> None:
    if "pytorch" not in frameworks:
        pytest.skip("PyTorch cannot use the card")
    arguments = ("--framework", "pytorch", "--check", "numerics", "--device", CARD, "--full", "--repeat", "1")
    proof = prove(gpusetup, *arguments, timeout=90)
    [run] = [run for run in proof.runs if run.job.framework == "pytorch"]
    assert run.result is not None
    shares = {
        name: share
        for name, share in run.result.measures.items()
        if name.endswith("share of the run's best") and name.startswith(("float16 matmul", "copy on the device"))
    }
    assert len(shares) == 2
    assert all(share >= SHARE for share in shares.values()), shares


@pytest.mark.parametrize("precision", ["tf32", "bf16", "fp16", "float64"])
def test_every_form_of_a_check_holds_in_its_precision(gpusetup: Run, frameworks: list[str], precision: str) -> None:
    """A card that lacks the precision is said to (exit code 3), and nothing of it is proven."""
    arguments = (*chosen(frameworks[:1]), "--device", CARD, "--precision", precision, "--json")
    done = gpusetup("selftest", *arguments, timeout=45)
    if done.returncode == 2 and "is not supported on" in done.stderr:
        pytest.skip(f"no check supports {precision}")
    proof = msgspec.json.decode(done.stdout, type=Proof)
    outcomes = {run.outcome for run in proof.runs if run.job.framework != "reference"}
    assert outcomes <= {"finished", "unsupported"}, done.stdout[-4000:]
    assert done.returncode == (3 if "unsupported" in outcomes else 0), done.stdout[-4000:]


def test_a_card_that_is_full_is_said_to_be(gpusetup: Run, frameworks: list[str], tmp_path: Path) -> None:
    if "pytorch" not in frameworks:
        pytest.skip("PyTorch cannot use the card")
    own = tmp_path / "vast"
    own.mkdir()
    (own / "check.toml").write_text('title = "too much"\nversion = 1\nproves = []\n')
    (own / "__init__.py").write_text("def prove(backend, job, record):\n    backend.run(job, record)\n")
    (own / "reference.py").write_text("def run(job, record):\n    record.tensor('exact', 'one', 1)\n")
    (own / "pytorch.py").write_text(
        "import torch\n\ndef run(job, record):\n"
        "    record.tensor('exact', 'one', torch.empty(1 << 44, device='cuda')[0].item())\n"
    )
    arguments = ("--framework", "pytorch", "--checks", tmp_path, "--check", "vast", "--device", CARD, "--json")
    done = gpusetup("selftest", *arguments, timeout=50)
    proof = msgspec.json.decode(done.stdout, type=Proof)
    [ended] = {run.outcome for run in proof.runs if run.job.framework == "pytorch"}
    assert (done.returncode, ended) == (1, "out of memory")
