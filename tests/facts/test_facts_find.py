"""GPUs are found by the names that people and NVML use, and nothing is guessed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusetup.errors import WrongInputError
from gpusetup.facts import facts, find
from tools import check_sources

NVML = ("NVIDIA GeForce {}", "NVIDIA {}", "GeForce {}", "Tesla {}", "{}")


@pytest.mark.parametrize(
    ("asked", "row"),
    [
        ("GTX 1050 Mobile", "gpu-geforce-gtx-1050-mobile"),
        ("gtx1050", "gpu-geforce-gtx-1050"),
        ("RTX 4090", "gpu-geforce-rtx-4090"),
        ("4090", "gpu-geforce-rtx-4090"),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", "gpu-geforce-rtx-4090-laptop"),
        ("NVIDIA GeForce RTX 2070 with Max-Q Design", "gpu-geforce-rtx-2070-laptop"),
        ("NVIDIA GeForce RTX 3050 6GB Laptop GPU", "gpu-geforce-rtx-3050-laptop"),
        ("Tesla T4", "gpu-t4"),
        ("NVIDIA A100-SXM4-80GB", "gpu-a100-sxm4-80gb"),
        ("Tesla V100-SXM2-32GB", "gpu-v100-sxm2-32gb"),
        ("NVIDIA H100 80GB HBM3", "gpu-h100-sxm"),
        ("NVIDIA RTX 6000 Ada Generation", "gpu-rtx-6000-ada-generation"),
        ("Quadro RTX 6000", "gpu-quadro-rtx-8000-6000"),
        ("NVIDIA GeForce RTX 5090 D v2", "gpu-geforce-rtx-5090-d"),
        ("RTX3080Ti", "gpu-geforce-rtx-3080-ti"),
    ],
)
def test_a_name_finds_its_row(asked: str, row: str) -> None:
    assert find.gpu_by_name(facts(), asked).id == row


@pytest.mark.parametrize("gpu", facts().gpu, ids=lambda gpu: gpu.id)
def test_every_gpu_is_found_by_its_own_name(gpu: object) -> None:
    name = gpu.name  # type: ignore[attr-defined] # pytest's parameter is an object
    for pattern in NVML:
        assert find.gpu_by_name(facts(), pattern.format(name)) == gpu


@pytest.mark.parametrize("asked", ["RTX 5000", "TITAN X", "RTX 4000"])
def test_a_name_that_means_several_capabilities_is_refused_with_the_candidates(asked: str) -> None:
    with pytest.raises(WrongInputError, match="several GPUs") as refused:
        find.gpu_by_name(facts(), asked)
    assert asked.rsplit(maxsplit=1)[-1] in refused.value.remedy


def test_an_unknown_name_is_refused_with_near_ones() -> None:
    with pytest.raises(WrongInputError) as refused:
        find.gpu_by_name(facts(), "RTX 4091")
    assert "GeForce RTX 4090" in refused.value.remedy


@pytest.mark.parametrize("asked", ["", "NVIDIA", "banana", "80GB", "GPU"])
def test_a_name_without_meaning_is_refused(asked: str) -> None:
    with pytest.raises(WrongInputError):
        find.gpu_by_name(facts(), asked)


@given(st.text(max_size=40))
def test_no_text_breaks_the_search(asked: str) -> None:
    try:
        found = find.gpu_by_name(facts(), asked)
    except WrongInputError:
        return
    assert found in facts().gpu


UNLISTED = {
    "NVIDIA DGX Display",
    "NVIDIA T400E",
    "NVIDIA A100-PG509-200",
    "NVIDIA PG509-210",
    "NVIDIA RTX 2000E Ada Generation",
}
"""A display-only device, and board names sold to makers of systems alone."""


def test_every_name_that_nvidias_driver_gives_is_found() -> None:
    boards = [called for pci_id, called in check_sources.names().items() if find.gpus_by_pci_id(facts(), pci_id)]
    named = {name for called in boards for name in called} - UNLISTED
    assert len(named) > 150
    assert all(find.gpu_by_name(facts(), name) for name in named)


def test_pci_ids_find_their_boards() -> None:
    assert [gpu.name for gpu in find.gpus_by_pci_id(facts(), "1C8D")] == ["GeForce GTX 1050 Mobile"]
    assert [gpu.name for gpu in find.gpus_by_pci_id(facts(), "25b6")] == ["A16", "A2"]
    assert find.gpus_by_pci_id(facts(), "ffff") == ()


def test_a_board_without_a_row_is_known_by_its_chip() -> None:
    """10de:1f0b is a CMP 40HX, a TU106 that was sold for mining."""
    chip = find.chip_by_pci_id(facts(), "1F0B")
    assert find.gpus_by_pci_id(facts(), "1f0b") == ()
    assert chip is not None
    assert (chip.chip, chip.cc) == ("TU106", "7.5")
    assert find.chip_by_pci_id(facts(), "ffff") is None
    assert all(find.chip_by_pci_id(facts(), pci_id) for pci_id in check_sources.names())


def test_a_toolkit_targets_an_architecture_while_it_is_alive() -> None:
    assert find.targets(facts(), "12.9", "6.1")
    assert not find.targets(facts(), "13.0", "6.1")
    assert not find.targets(facts(), "12.6", "12.0")
    assert not find.targets(facts(), "13.3", "10.7")
    assert find.targets(facts(), "13.4", "10.7")
    assert not find.targets(facts(), "13.4", "99.0")


def test_builds_are_found_by_exact_release_only() -> None:
    assert {build.variant for build in find.torch_builds(facts(), "2.14.1")} == {"cu126", "cu130", "cu132"}
    assert find.torch_builds(facts(), "2.14") == ()
    assert {build.machine for build in find.torch_builds(facts(), "2.14.1", "aarch64")} == {"aarch64"}


def test_the_newest_fedora_is_one_that_is_known_to_be_out() -> None:
    assert find.newest_fedora(facts(), date(2026, 11, 22)).release == 44
    assert find.newest_fedora(facts(), date(2026, 4, 27)).release == 43
    assert [row.release for row in find.unconfirmed_fedora(facts())] == [45]


def test_rows_are_found_by_id() -> None:
    assert find.row_by_id(facts(), "key-73CD9B30") in facts().key
    with pytest.raises(WrongInputError, match="nothing-such"):
        find.row_by_id(facts(), "nothing-such")
