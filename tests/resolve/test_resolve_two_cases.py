"""The two machines that must come out right from day one, and both with NVIDIA's own driver packages."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from gpusetup.facts import Facts
from gpusetup.resolve.model import Archive, HostDriver, Requirement, Stack
from tests.resolve.conftest import Plan, Refuse
from tests.support import fedoras


def texts(requirements: tuple[Requirement, ...]) -> list[str]:
    return [one.text for one in requirements]


def driver_of(stack: Stack) -> HostDriver:
    assert stack.driver is not None
    return stack.driver


def reasons(stack: Stack, component: str) -> set[str]:
    choice = next(one for one in stack.choices if one.component == component)
    told = [*choice.reasons, *(reason for rejected in choice.rejected for reason in rejected.because)]
    return {reason.fact for reason in told}


def test_gtx_1050_mobile_gets_the_legacy_branch_with_proprietary_modules(plan: Plan) -> None:
    stack = plan("GTX 1050 Mobile", release="44")
    assert driver_of(stack).packages == (
        "akmod-nvidia-580xx",
        "xorg-x11-drv-nvidia-580xx",
        "xorg-x11-drv-nvidia-580xx-cuda",
    )
    assert (driver_of(stack).branch, driver_of(stack).flavour, driver_of(stack).repo) == (
        "580",
        "proprietary",
        "rpmfusion",
    )
    assert "akmod-nvidia" in driver_of(stack).conflicts
    assert {"branch-610", "arch-pascal"} <= reasons(stack, "driver")


@pytest.mark.parametrize(
    ("gpu", "repo"), [("RTX 4090", "rpmfusion"), ("GTX 1080", "rpmfusion"), ("RTX 4090", "nvidia")]
)
def test_no_conflict_is_among_the_packages_to_install(plan: Plan, gpu: str, repo: str) -> None:
    driver = driver_of(plan(gpu, release="44", repo=repo))
    assert not [name for name in driver.packages for pattern in driver.conflicts if fnmatchcase(name, pattern)]


def test_the_other_owners_and_other_lines_must_be_gone(plan: Plan) -> None:
    conflicts = driver_of(plan("GTX 1080", release="44")).conflicts
    for other in ("akmod-nvidia", "xorg-x11-drv-nvidia-470xx-cuda", "nvidia-driver-cuda", "kmod-nvidia-open-dkms"):
        assert any(fnmatchcase(other, pattern) for pattern in conflicts), other


def test_gtx_1050_mobile_compiles_in_a_container_since_no_nvcc_works_on_the_host(plan: Plan) -> None:
    stack = plan("GTX 1050 Mobile", release="44")
    assert (stack.toolkit.via, stack.toolkit.series) == ("container", "12.9")
    assert stack.toolkit.image.startswith("docker.io/nvidia/cuda:12.9.")
    # the last series for the card; its gcc; its headers against the C library
    assert {"arch-pascal", "cuda-series-12.9", "glibc-2.41"} <= reasons(stack, "toolkit")


def test_gtx_1050_mobile_shares_one_environment_of_cuda_12(plan: Plan) -> None:
    stack = plan("GTX 1050 Mobile", release="44")
    (environment,) = stack.environments
    assert environment.python == "3.13"
    assert environment.python_packages == ("python3.13",)
    assert texts(environment.requirements) == [
        "torch==2.14.1+cu126",
        "tensorflow[and-cuda]==2.21.0",
        "nvidia-cudnn-cu12==9.10.2.21",
    ]
    assert environment.requirements[0].index == "https://download.pytorch.org/whl/cu126"
    assert environment.cuda == "12.6"


def test_rtx_4090_gets_the_newest_driver_with_open_modules(plan: Plan, tables: Facts) -> None:
    stack = plan("RTX 4090", release="44")
    newest = next(row.drivers["rpmfusion"]["main"] for row in fedoras(tables) if row.release == "44")
    assert (driver_of(stack).version, driver_of(stack).flavour) == (newest, "open")
    assert driver_of(stack).packages[0] == "akmod-nvidia"


def test_rtx_4090_compiles_on_the_host_with_an_older_gcc(plan: Plan) -> None:
    stack = plan("RTX 4090", release="44")
    kit = stack.toolkit
    assert (kit.via, kit.series, kit.packages) == ("repo", "13.3", ("cuda-toolkit-13-3",))
    assert (kit.host_compiler, kit.host_compiler_packages) == ("g++-15", ("gcc15", "gcc15-c++"))
    assert isinstance(kit.cudnn_archive, Archive)
    assert kit.cudnn_archive.url.endswith("cuda13-archive.tar.xz")
    nvidia = next(one for one in stack.repositories if one.id == "cuda-fedora44-x86_64")
    assert "nvidia-open*" in nvidia.exclude
    assert "cuda-drivers*" in nvidia.exclude


def test_rtx_4090_has_two_environments_and_names_the_pair_that_forced_them(plan: Plan) -> None:
    stack = plan("RTX 4090", release="44")
    torch, tensorflow = stack.environments
    assert texts(torch.requirements) == ["torch==2.15.0", "numpy"], "torch does not bring what its self-test needs"
    assert (torch.python, torch.python_packages) == ("3.14", ())
    assert texts(tensorflow.requirements)[0] == "tensorflow[and-cuda]==2.21.0"
    assert tensorflow.python == "3.13"
    choice = next(one for one in stack.choices if one.component == "environments")
    (together,) = (one for one in choice.rejected if one.better)
    assert {reason.fact for reason in together.because} == {"torch-build-2.15-cu132", "tensorflow-2.21.0"}


def test_rtx_4090_with_nvidias_packages_takes_them_all_from_there(plan: Plan) -> None:
    stack = plan("RTX 4090", release="44", repo="nvidia")
    assert driver_of(stack).packages == ("nvidia-open",)
    assert driver_of(stack).branch == "615"
    assert {"akmod-nvidia*", "xorg-x11-drv-nvidia*"} <= set(driver_of(stack).conflicts)
    assert [one.id for one in stack.repositories] == ["cuda-fedora44-x86_64"]
    assert stack.repositories[0].exclude == ()
    assert (stack.toolkit.series, stack.toolkit.host_compiler) == ("13.4", "")


def test_gtx_1050_mobile_with_nvidias_packages_is_refused_for_the_branch(refuse: Refuse) -> None:
    refusal = refuse("GTX 1050 Mobile", release="44", repo="nvidia")
    assert {reason.fact for reason in refusal.because} == {"branch-615", "arch-pascal", "request:repo"}
    assert refusal.ways_out[0].options == ("--repo", "rpmfusion")


@pytest.mark.parametrize("release", ["43", "44", "45"])
def test_gtx_1050_mobile_stays_on_580_on_every_current_release(plan: Plan, release: str) -> None:
    assert driver_of(plan("GTX 1050 Mobile", release=release)).packages[0] == "akmod-nvidia-580xx"
