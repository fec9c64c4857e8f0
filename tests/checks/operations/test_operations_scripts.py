"""The script of a case runs by itself: it agrees where the framework is right, and shows what is planted."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from checks.operations.case import Case
from checks.operations.families import families
from checks.operations.script import write_script
from tests.support import ROOT, drawn

FORKED = ROOT / "tests/forked.py"
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


def script(name: str, code: str = "") -> str:
    """Return the script of a case, with `code` in the place of what is run, where given."""
    case = find(name)
    case = dataclasses.replace(case, code={"pytorch": code}) if code else case
    text = write_script(name.partition(".")[0], case, 3, "pytorch", "float32", "eager", backward=True)
    assert "checks" not in text
    return text


def spoilt(name: str) -> str:
    return script(name, f"0.9 * ({find(name).code['pytorch']})")


def spoilt_in_its_gradient(name: str) -> str:
    return script(name, f"y = {find(name).code['pytorch']}\nreturn y + 0.1 * (y - y.detach())")


SPOILT = ("losses.huber", "reduction.sum")
IN_ITS_GRADIENT = ("losses.huber", "matmul.size_512")


def largest(printed: str) -> float:
    """Return the largest difference that a script prints."""
    return max(float(line.split()[-1]) for line in printed.splitlines())


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Return what each script prints; all are run where nothing of ours can be imported, in forks of one process."""
    scripts = [*map(script, CHOSEN), *map(spoilt, SPOILT), *map(spoilt_in_its_gradient, IN_ITS_GRADIENT)]
    done = subprocess.run(
        [sys.executable, "-I", FORKED, "torch"], input=json.dumps(scripts), cwd=tmp_path_factory.mktemp("scripts"),
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    ran = dict(zip(scripts, json.loads(done.stdout), strict=True))

    def of(text: str) -> str:
        status, output, errors = ran[text]
        assert status == 0, errors[-2000:]
        return str(output)

    return of


@pytest.mark.frameworks
def test_a_script_runs_by_itself(printed: Callable[[str], str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", script(CHOSEN[0])],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, printed(script(CHOSEN[0]))), done.stderr


@pytest.mark.frameworks
@pytest.mark.parametrize("name", CHOSEN)
def test_a_script_agrees_with_float64(name: str, printed: Callable[[str], str]) -> None:
    assert largest(printed(script(name))) < 1e-4


@pytest.mark.frameworks
@pytest.mark.parametrize("name", SPOILT)
def test_a_script_shows_a_planted_fault(name: str, printed: Callable[[str], str]) -> None:
    assert largest(printed(spoilt(name))) > 1e-3


@pytest.mark.frameworks
@pytest.mark.parametrize("name", IN_ITS_GRADIENT)
def test_a_script_shows_what_is_wrong_with_a_gradient_alone(name: str, printed: Callable[[str], str]) -> None:
    """The second has more numbers than are written out, so that the slope along a direction is compared.

    Of a mean over some hundred elements each slope is a thousandth, and a tenth of that is far above its rounding.
    """
    assert largest(printed(spoilt_in_its_gradient(name))) > 1e-5


@pytest.mark.parametrize("framework", ["pytorch", "tensorflow", "jax"])
def test_every_case_has_a_script_that_compiles(framework: str) -> None:
    for family, cases in families().items():
        for case in drawn(f"scripts of {family} in {framework}", cases):
            if framework in case.code:
                text = write_script(family, case, 0, framework, "float32", "eager", backward=case.name < "m")
                compile(text, case.name, "exec")
                assert "checks." not in text
