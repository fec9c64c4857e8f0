"""The script of a case runs by itself: it agrees where the framework is right, and shows what is planted."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from checks.operations.case import Case
from checks.operations.families import families
from checks.operations.script import write_script

CHOSEN = (
    "losses.huber",
    "convolution.conv2d_options",
    "pooling.power2d",
    "linear_algebra.qr",
    "reduction.sum",
    "optimiser.adam_amsgrad",
    "pooling.largest_options2d",
    "einsum.batched",
    "recurrent.gru_1_layers_1_directions",
    "elementwise.tanh",
    "losses.triplet",
    "optimiser.adam_groups",
    "fft.complex",
    "interpolation.bilinear",
    "interpolation.grid_zeros",
)


def find(name: str) -> Case:
    family, _, short = name.partition(".")
    return next(one for one in families()[family] if one.name == short)


def largest(case: Case, family: str, folder: Path) -> float:
    """Run the script where nothing of ours can be imported and return the largest difference that it prints."""
    text = write_script(family, case, 3, "pytorch", "float32", "eager", backward=True)
    done = subprocess.run(
        [sys.executable, "-I", "-c", text], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "checks" not in text
    return max(float(line.split()[-1]) for line in done.stdout.splitlines())


@pytest.mark.frameworks
@pytest.mark.parametrize("name", CHOSEN)
def test_a_script_agrees_with_float64(name: str, tmp_path: Path) -> None:
    assert largest(find(name), name.partition(".")[0], tmp_path) < 1e-4


@pytest.mark.frameworks
@pytest.mark.parametrize("name", ["losses.huber", "reduction.sum"])
def test_a_script_shows_a_planted_fault(name: str, tmp_path: Path) -> None:
    case = find(name)
    spoilt = dataclasses.replace(case, code={"pytorch": f"0.9 * ({case.code['pytorch']})"})
    assert largest(spoilt, name.partition(".")[0], tmp_path) > 1e-3


@pytest.mark.frameworks
@pytest.mark.parametrize("name", ["losses.huber", "matmul.size_512"])
def test_a_script_shows_what_is_wrong_with_a_gradient_alone(name: str, tmp_path: Path) -> None:
    """The second has more numbers than are written out, so that the slope along a direction is compared.

    Of a mean over some hundred elements each slope is a thousandth, and a tenth of that is far above its rounding.
    """
    case = find(name)
    code = f"y = {case.code['pytorch']}\nreturn y + 0.1 * (y - y.detach())"
    spoilt = dataclasses.replace(case, code={"pytorch": code})
    assert largest(spoilt, name.partition(".")[0], tmp_path) > 1e-5


@pytest.mark.parametrize("framework", ["pytorch", "tensorflow", "jax"])
def test_every_case_has_a_script_that_compiles(framework: str) -> None:
    for family, cases in families().items():
        for case in cases:
            if framework in case.code:
                text = write_script(family, case, 0, framework, "float32", "eager", backward=case.name < "m")
                compile(text, case.name, "exec")
                assert "checks." not in text
