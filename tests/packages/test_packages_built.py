"""Packages without a wheel: planned as built on the host, with what the build needs, never built in order to plan."""

from __future__ import annotations

import pytest

from gpusetup.packages.compiled.built import building
from gpusetup.packages.model import Fit
from gpusetup.resolve.model import Built, Refusal, Toolkit
from tests.packages.test_packages_fit import fit, lines

pytestmark = pytest.mark.usefixtures("index")


def built(found: Fit | Refusal) -> dict[str, Built]:
    assert isinstance(found, Fit), found.because
    return {one.name: one for environment in found.stack.environments for one in environment.built}


def test_a_package_as_source_alone_is_built_on_the_host() -> None:
    found = fit("kernels", "torch")
    assert built(found)["kernels"] == Built(text="kernels")
    assert lines(found) == ["torch==2.15.0"]


def test_what_others_need_is_built_as_they_need_it() -> None:
    found = fit("uses-kernels", "torch")
    assert built(found)["kernels"].text == "kernels==2.8"
    assert lines(found) == ["torch==2.15.0", "uses-kernels==1.0"]


def test_a_known_package_gets_torch_and_its_tools_first() -> None:
    found = fit("flash-attn==2.8.3")
    assert built(found)["flash-attn"] == Built(text="flash-attn==2.8.3", isolated=False, compiler="nvcc")
    assert lines(found) == [
        "torch==2.15.0", "packaging==9.0", "ninja==9.0", "setuptools==9.0", "wheel==9.0", "einops==0.8",
    ]  # fmt: skip
    assert isinstance(found, Fit)
    assert found.request.frameworks == ("torch",)


def test_a_wheel_for_another_python_comes_before_a_build() -> None:
    found = fit("halfway", "torch")
    assert built(found) == {}
    assert isinstance(found, Fit)
    assert found.stack.environments[0].python == "3.12"


def test_the_python_with_the_fewest_builds_is_taken() -> None:
    found = fit("kernels", "halfway", "torch")
    assert list(built(found)) == ["kernels"]
    assert isinstance(found, Fit)
    assert found.stack.environments[0].python == "3.12"


def test_a_framework_is_never_built() -> None:
    found = fit("torch==2.13.0", "kernels", "oldseer")
    assert isinstance(found, Refusal)


@pytest.mark.parametrize(
    ("toolkit", "said"),
    [
        (Toolkit(series="13.2", via="repo"), "is compiled with this plan's nvcc (CUDA 13.2)"),
        (
            Toolkit(series="12.9", via="repo"),
            "needs an nvcc of CUDA 13 to be compiled, and this plan has that of CUDA 12.9",
        ),
        (Toolkit(series="13.2", via="container"), "puts none on the host: try --cuda 13"),
        (Toolkit(series="", via="none"), "puts none on the host: try --cuda 13"),
    ],
)
def test_the_compiler_is_named(toolkit: Toolkit, said: str) -> None:
    found = fit("flash-attn")
    assert isinstance(found, Fit)
    texts = [one.text for one in building(built(found).values(), found.stack.environments[0], toolkit)]
    assert texts[0].endswith("(pip install --no-build-isolation), and no hash can be recorded of it")
    assert said in texts[1]
