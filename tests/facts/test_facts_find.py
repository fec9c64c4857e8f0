"""GPUs are found by the names that people and NVML use, and nothing is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusetup.errors import WrongInputError
from gpusetup.facts import facts, find, systems
from gpusetup.facts.boards import board_by_name, boards_by_pci_id
from gpusetup.facts.find import arch_of
from gpusetup.facts.model.hardware import GpuRow
from gpusetup.facts.names import words
from tests.each import each
from tools import check_sources

NVML = ("NVIDIA GeForce {}", "NVIDIA {}", "GeForce {}", "Tesla {}", "{}")


@each(
    "asked, row",
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
        ("GP107M [GeForce GTX 1050 Mobile]", "gpu-geforce-gtx-1050-mobile"),
        (
            "01:00.0 VGA compatible controller: NVIDIA Corporation AD104 [GeForce RTX 4070] (rev a1)",
            "gpu-geforce-rtx-4070",
        ),
        ("GA104M [GeForce RTX 3070 Mobile / Max-Q]", "gpu-geforce-rtx-3070-laptop"),
        ("NVIDIA Corporation Device [10de:2684] (rev a1)", "gpu-geforce-rtx-4090"),
        ("10de:1c8d", "gpu-geforce-gtx-1050-mobile"),
        ("0x10DE 0x2684", "gpu-geforce-rtx-4090"),
        ("NVIDIA A100-SXM4-40GB MIG 1g.5gb", "gpu-a100-sxm4-40gb"),
        ("A100-SXM4-80GB MIG 1c.3g.40gb", "gpu-a100-sxm4-80gb"),
        ("H200 MIG 1g.18gb+me", "gpu-h200-sxm"),
        ("GRID T4-16Q", "gpu-t4"),
        ("NVIDIA A100D-1-10C", "gpu-a100-sxm4-80gb"),
        ("NVIDIA L40S-48Q", "gpu-l40s"),
        ("GRID V100DX-32Q", "gpu-v100-sxm2-32gb"),
        ("RTX 4060 Max-Q", "gpu-geforce-rtx-4060-laptop"),
        ("RTX 4050", "gpu-geforce-rtx-4050-laptop"),
        ("AD102", "chip-ad102"),
        ("GTX TITAN", "chip-gk110"),
        ("Quadro 4000", "chip-gf100"),
        ("GeForce GTX 580", "chip-gf110"),
    ],
)
def test_a_name_finds_its_row(asked: str, row: str) -> None:
    assert board_by_name(facts(), asked).fact == row


@each("gpu", facts().gpu, ids=lambda gpu: gpu.id)
def test_every_gpu_is_found_by_its_own_name(gpu: object) -> None:
    name = gpu.name  # type: ignore[attr-defined] # pytest's parameter is an object
    for pattern in NVML:
        assert board_by_name(facts(), pattern.format(name)).fact == gpu.id  # type: ignore[attr-defined]


@pytest.mark.parametrize("asked", ["RTX 5000", "TITAN X", "RTX 4000"])
def test_a_name_that_means_several_capabilities_is_refused_with_the_candidates(asked: str) -> None:
    with pytest.raises(WrongInputError, match="is ambiguous") as refused:
        board_by_name(facts(), asked)
    assert asked.rsplit(maxsplit=1)[-1] in refused.value.remedy


@pytest.mark.slow
@pytest.mark.parametrize("gpu", facts().gpu, ids=lambda gpu: gpu.id)
def test_a_name_that_lacks_a_word_is_never_one_of_another_architecture(gpu: GpuRow) -> None:
    """Whatever word is left out, what is found is of the same capability, or nothing is."""
    spelled = gpu.name.split()
    for place in range(len(spelled)):
        shorter = " ".join(spelled[:place] + spelled[place + 1 :])
        try:
            found = board_by_name(facts(), shorter)
        except WrongInputError:
            continue
        exact = any(words(name) == words(shorter) for chip in facts().chip for name in chip.boards.values())
        named = any(words(other.name) == words(shorter) for other in facts().gpu)
        assert found.cc == gpu.cc or exact or named, f"{shorter} is taken for {found.name}"


def test_an_unknown_name_is_refused_with_near_ones() -> None:
    with pytest.raises(WrongInputError) as refused:
        board_by_name(facts(), "RTX 4091")
    assert "GeForce RTX 4090" in refused.value.remedy


@pytest.mark.parametrize("asked", ["", "NVIDIA", "banana", "80GB", "GPU"])
def test_a_name_without_meaning_is_refused(asked: str) -> None:
    with pytest.raises(WrongInputError):
        board_by_name(facts(), asked)


@given(st.text(max_size=40))
def test_no_text_breaks_the_search(asked: str) -> None:
    try:
        found = board_by_name(facts(), asked)
    except WrongInputError:
        return
    assert arch_of(facts(), found.cc)


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
    assert all(board_by_name(facts(), name) for name in named)


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


def test_every_pci_id_that_the_doctor_knows_the_plan_knows() -> None:
    ids = [pci_id for chip in facts().chip for pci_id in chip.pci_ids]
    assert len(ids) > 900
    for pci_id in ids:
        boards = boards_by_pci_id(facts(), pci_id)
        assert boards
        assert {board.cc for board in boards} == {board_by_name(facts(), f"10de:{pci_id}").cc}
    assert boards_by_pci_id(facts(), "ffff") == ()


def test_a_board_of_two_architectures_says_so() -> None:
    with pytest.raises(WrongInputError) as refused:
        board_by_name(facts(), "GT 710")
    assert "(Fermi, 2.1)" in refused.value.remedy
    assert "(Kepler, 3.5)" in refused.value.remedy
    assert board_by_name(facts(), "10de:128b").arch == "Kepler"


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


def test_rows_are_found_by_id() -> None:
    assert find.row_by_id(facts(), "key-73CD9B30") in facts().key
    with pytest.raises(WrongInputError, match="nothing-such"):
        find.row_by_id(facts(), "nothing-such")


def test_the_c_library_of_a_release_is_its_own_or_that_of_one_before_it() -> None:
    assert systems.glibc(facts(), "fedora", "44") == "2.43"
    assert systems.glibc(facts(), "", "46") == "2.43"
    assert systems.glibc(facts(), "fedora", "36") == "2.34"
    assert systems.glibc(facts(), "fedora", "30") == "2.28"
    assert systems.glibc(facts(), "fedora", "20") == "2.28"


def test_the_releases_and_owners_of_a_distribution_are_in_order() -> None:
    assert [row.release for row in systems.releases(facts(), "fedora")][:3] == ["45", "44", "43"]
    assert [row.name for row in systems.owners(facts(), "fedora")] == ["rpmfusion", "nvidia", "runfile"]
    assert systems.owner_title(facts(), "fedora", "runfile") == "NVIDIA's installer"
    assert systems.owner_title(facts(), "fedora", "of-nobody") == "of-nobody"
    with pytest.raises(WrongInputError, match="no distribution plan9"):
        systems.distribution(facts(), "plan9")
