"""Every card on every release: a stack that the tables bear out, or a refusal that they bear out.

What a stack promises is checked here against the rows themselves, not with the solver's constraints.
"""

from __future__ import annotations

from typing import Any

import pytest

from gpusetup.facts import facts
from gpusetup.facts.model.hardware import Arch
from gpusetup.resolve import attempt
from gpusetup.resolve.model import Card, Environment, Refusal, Request, Stack
from gpusetup.versions import cuda, cudnn, dotted, driver, runs_on
from tests.resolve.conftest import TODAY
from tests.resolve.matrix import board
from tests.support import fedoras

CARDS = sorted({(row.arch, row.cc, row.market == "jetson") for row in facts().gpu})
SUPPORTED = ("43", "44", "45")
HISTORIC = tuple(row.release for row in fedoras(facts()) if row.release not in SUPPORTED)


def request(arch: str, cc: str, jetson: bool, release: str, **wishes: Any) -> Request:
    name = board(facts(), cc, jetson=jetson).name
    card = Card(name=name, arch=arch, compute_capability=cc, known_by="test")
    return Request(cards=(card,), release=release, **wishes)


def check(stack: Stack) -> None:
    (card,) = stack.request.cards
    assert stack.driver is not None
    branch = next(row for row in facts().branch if row.branch == stack.driver.branch)
    assert dotted(branch.cc_min) <= dotted(card.compute_capability)
    architecture = next(row for row in facts().arch if card.compute_capability in row.cc)
    assert stack.driver.flavour in architecture.kernel_modules
    for environment in stack.environments:
        check_wheels(stack.driver.version, card, environment)
    check_toolkit(stack, architecture)


def check_wheels(driver_there: str, card: Card, environment: Environment) -> None:
    pins = dict(one.text.partition("==")[::2] for one in environment.requirements)
    if "torch" in pins:
        release, _, variant = pins["torch"].partition("+")
        row = next(one for one in facts().torch if one.release == release)
        variant = variant or row.default_variant
        build = next(
            b for b in facts().torch_build if release in b.releases and (b.variant, b.machine) == (variant, "x86_64")
        )
        assert environment.python in row.python
        assert not build.cc or runs_on(build.cc, build.ptx, card.compute_capability)
        floor = next(one.driver_min for one in facts().variant if one.variant == variant)
        assert driver(driver_there) >= driver(floor)
    if "tensorflow[and-cuda]" in pins:
        wheel = next(one for one in facts().tensorflow if one.release == pins["tensorflow[and-cuda]"])
        assert environment.python in wheel.python
        assert wheel.and_cuda
    for name, version in pins.items():
        if name.startswith("nvidia-cudnn") and dotted(card.compute_capability) < dotted("7.5"):
            assert cudnn(version) <= cudnn("9.10.2.21")


def check_toolkit(stack: Stack, architecture: Arch) -> None:
    if stack.toolkit.via == "none":
        return
    series = cuda(stack.toolkit.series)
    assert cuda(architecture.cuda_first) <= series
    assert not architecture.cuda_last or series <= cuda(architecture.cuda_last)
    if stack.toolkit.via == "repo":
        row = next(one for one in fedoras(facts()) if one.release == stack.release)
        gcc = int(stack.toolkit.host_compiler.removeprefix("g++-") or row.gcc_major)
        assert gcc <= next(one.gcc_max for one in facts().cuda_series if one.series == stack.toolkit.series)


@pytest.mark.parametrize("release", SUPPORTED)
@pytest.mark.parametrize(("arch", "cc", "jetson"), CARDS)
def test_card_on_release_has_a_stack_that_the_tables_bear_out_or_a_reasoned_refusal(
    arch: str, cc: str, jetson: bool, release: str
) -> None:
    result = attempt(request(arch, cc, jetson, release), facts(), TODAY)
    if isinstance(result, Stack):
        check(result)
    else:
        assert result.because


@pytest.mark.parametrize("release", HISTORIC)
def test_releases_of_the_past_are_refused_unless_they_are_allowed(release: str) -> None:
    refused = attempt(request("Pascal", "6.1", False, release), facts(), TODAY)
    assert isinstance(refused, Refusal)
    assert f"fedora-{release}" in {reason.fact for reason in refused.because}
    allowed = attempt(request("Pascal", "6.1", False, release, allow_eol=True), facts(), TODAY)
    if isinstance(allowed, Stack):
        check(allowed)
    else:
        assert allowed.because


@pytest.mark.parametrize("frameworks", [("torch",), ("tensorflow",), ("torch", "tensorflow")])
@pytest.mark.parametrize("cc", ["2.1", "3.0", "5.3", "6.2", "7.2", "8.7", "11.0"])
def test_a_capability_that_no_wheel_is_known_for_gets_no_wheel_of_long_ago(cc: str, frameworks: Any) -> None:
    """What a wheel of 2020 was compiled for is on record, and none of it runs there."""
    arch = next(row for row in facts().arch if cc in row.cc)
    card = Card(name=f"a GPU of {arch.arch}", arch=arch.arch, compute_capability=cc, known_by="option --gpu-arch")
    result = attempt(Request(cards=(card,), release="44", frameworks=frameworks), facts(), TODAY)
    assert isinstance(result, Refusal)


@pytest.mark.parametrize(
    ("name", "said"), [("GB10 (DGX Spark)", "aarch64"), ("GH200 96GB", "aarch64"), ("Jetson AGX Orin", "JetPack")]
)
def test_what_comes_with_an_arm_processor_gets_no_package_for_another(name: str, said: str) -> None:
    row = next(row for row in facts().gpu if row.name.startswith(name))
    card = Card(name=row.name, arch=row.arch, compute_capability=row.cc, known_by="option --gpu")
    result = attempt(Request(cards=(card,), release="44"), facts(), TODAY)
    assert isinstance(result, Refusal)
    assert any(said in reason.text for reason in result.because)


def test_rubin_takes_nvidias_packages_since_rpm_fusion_has_no_driver_for_it() -> None:
    stack = attempt(request("Rubin", "10.7", False, "44"), facts(), TODAY)
    assert isinstance(stack, Stack)
    assert stack.driver is not None
    assert (stack.driver.repo, stack.driver.branch) == ("nvidia", "615")


def test_who_has_a_stack_on_fedora_44() -> None:
    """The cards that must have one, and those that cannot."""
    without = {(cc, jetson) for arch, cc, jetson in CARDS
               if isinstance(attempt(request(arch, cc, jetson, "44"), facts(), TODAY), Refusal)}  # fmt: skip
    assert without == {
        ("3.0", False), ("3.5", False), ("3.7", False),  # Kepler: no TensorFlow since 2.14 targets it
        ("12.1", False),  # GB10: with an Arm processor only
        ("5.3", True), ("6.2", True), ("7.2", True), ("8.7", True), ("11.0", True),  # Jetson: the board's own driver
    }  # fmt: skip
