"""From a machine and options to a request: what is found, what is unknown, what is not read at all."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
import pytest

from gpusetup.errors import CannotLookError, RefusedError, WrongInputError
from gpusetup.facts import Facts
from gpusetup.machine.model import Gpu, Machine, PciGpu, Unread
from gpusetup.machine.read import read
from gpusetup.resolve import attempt
from gpusetup.resolve.asked.given import VGPU
from gpusetup.resolve.asked.request import Wanted, ask
from gpusetup.resolve.model import Stack
from tests.fake_host import FEDORA, grow

NO = Unread(unread="absent", source="test")


@pytest.fixture
def fedora(tmp_path: Any) -> Machine:
    """A Fedora host without any NVIDIA device."""
    grow(tmp_path, FEDORA)
    machine = read(tmp_path, 5.0)
    return msgspec.structs.replace(machine, pci=(), gpus=NO)


def device(device_id: str) -> PciGpu:
    return PciGpu(
        address="0000:01:00.0", device_id=device_id, class_code="030000", driver="", runtime_status=NO, numa_node=NO
    )


def gpu(**known: Any) -> Gpu:
    fields: dict[str, Any] = dict.fromkeys(Gpu.__struct_fields__, NO)
    return Gpu(**(fields | {"index": 0} | known))


def asked(tables: Facts, machine: Machine, **wishes: Any) -> Any:
    return ask(tables, Wanted(**wishes), lambda: machine).request


def test_a_card_is_known_by_its_pci_id_when_there_is_no_driver(tables: Facts, fedora: Machine) -> None:
    (card,) = asked(tables, msgspec.structs.replace(fedora, pci=(device("2684"),))).cards
    assert (card.name, card.compute_capability, card.known_by) == ("GeForce RTX 4090", "8.9", "PCI id 10de:2684")


def test_nvml_goes_before_pci(tables: Facts, fedora: Machine) -> None:
    seen = gpu(name="NVIDIA H100 80GB HBM3", compute_capability="9.0")
    machine = msgspec.structs.replace(fedora, gpus=(seen,) * 8, pci=(device("2684"),))
    (card,) = asked(tables, machine).cards
    assert (card.name, card.compute_capability, card.known_by) == ("NVIDIA H100 80GB HBM3", "9.0", "NVML")


def test_an_unknown_card_is_not_guessed(tables: Facts, fedora: Machine) -> None:
    with pytest.raises(WrongInputError, match="10de:ffff"):
        asked(tables, msgspec.structs.replace(fedora, pci=(device("ffff"),)))


def test_a_bus_that_cannot_be_read_is_not_taken_for_an_empty_one(tables: Facts, fedora: Machine) -> None:
    with pytest.raises(CannotLookError):
        asked(tables, msgspec.structs.replace(fedora, pci=Unread(unread="denied", source="/sys/bus/pci")))


def test_no_card_is_said(tables: Facts, fedora: Machine) -> None:
    found = ask(tables, Wanted(), lambda: fedora)
    assert found.request.cards == ()
    assert "no NVIDIA GPU found" in found.notes[0]


def test_the_machine_is_not_read_when_nothing_is_left_open(tables: Facts) -> None:
    def fail() -> Machine:
        raise AssertionError("the machine was read")

    found = ask(tables, Wanted(gpus=("RTX 4090",), distro="fedora"), fail)
    assert found.request.cards[0].compute_capability == "8.9"
    assert found.notes == ()


def test_cards_can_be_named_and_given_by_capability_together(tables: Facts, fedora: Machine) -> None:
    cards = asked(tables, fedora, gpus=("T4", "T4"), gpu_archs=("6.1",)).cards
    assert [(card.compute_capability, card.known_by) for card in cards] == [
        ("7.5", "option --gpu"),
        ("6.1", "option --gpu-arch"),
    ]


@pytest.mark.parametrize("beside", [{"gpus": ("none", "T4")}, {"gpus": ("None",), "gpu_archs": ("6.1",)}])
def test_no_card_and_a_card_are_not_both_wanted(tables: Facts, fedora: Machine, beside: dict[str, Any]) -> None:
    with pytest.raises(WrongInputError, match="--gpu none"):
        asked(tables, fedora, **beside)
    assert asked(tables, fedora, gpus=("none",)).cards == ()


def test_in_wsl_the_driver_is_that_of_windows_and_none_is_installed(tables: Facts, fedora: Machine) -> None:
    """CUDA on WSL User Guide: a Linux driver inside WSL would hide Windows' own libcuda."""
    replace = msgspec.structs.replace
    wsl = replace(
        fedora,
        system=replace(fedora.system, virtualization="wsl"),
        driver=replace(fedora.driver, nvml="595.91.07"),
        gpus=(gpu(name="NVIDIA GeForce RTX 4090", compute_capability="8.9"),),
    )
    found = ask(tables, Wanted(), lambda: wsl)
    assert (found.request.driver_of, found.request.driver) == ("windows", "595.91.07")
    assert "Windows" in found.notes[-1]
    stack = attempt(found.request, tables)
    assert isinstance(stack, Stack)
    assert stack.driver is None
    assert not [one for one in stack.warnings if "Secure Boot" in one.text]
    with pytest.raises(CannotLookError, match="Windows"):
        ask(tables, Wanted(), lambda: replace(wsl, driver=replace(wsl.driver, nvml=NO)))
    named = ask(tables, Wanted(driver="580.95.05"), lambda: replace(wsl, driver=replace(wsl.driver, nvml=NO)))
    assert named.request.driver == "580.95.05"


def test_the_driver_of_a_vgpu_is_never_replaced(tables: Facts, fedora: Machine) -> None:
    """Virtual GPU Software User Guide: the guest's driver is of the release of the host's, and in no repository."""
    replace = msgspec.structs.replace
    share = gpu(name="GRID T4-16Q", compute_capability="7.5")
    guest = replace(fedora, driver=replace(fedora.driver, nvml="550.144.03"), gpus=(share,))
    for shown in (guest, replace(guest, gpus=(replace(share, name="Tesla T4", virtualization=VGPU),))):
        found = ask(tables, Wanted(), partial(_the, shown))
        assert (found.request.driver_of, found.request.driver) == ("vgpu", "550.144.03")
        stack = attempt(found.request, tables)
        assert isinstance(stack, Stack)
        assert (stack.driver, stack.staying_driver) == (None, "550.144.03")
    whole = replace(guest, gpus=(replace(share, name="Tesla T4"),))
    assert ask(tables, Wanted(), partial(_the, whole)).request.driver_of == ""
    with pytest.raises(CannotLookError, match="vGPU"):
        asked(tables, fedora, gpus=("NVIDIA L40S-48Q",), distro="fedora")
    assert asked(tables, fedora, gpus=("NVIDIA L40S-48Q",), driver="550.144.03").driver_of == "vgpu"


def _the(machine: Machine) -> Machine:
    return machine


def test_another_processor_is_refused_plainly(tables: Facts, fedora: Machine) -> None:
    system = msgspec.structs.replace(fedora.system, arch="ppc64le")
    with pytest.raises(RefusedError, match="ppc64le"):
        asked(tables, msgspec.structs.replace(fedora, system=system))


def test_the_release_of_the_host_is_taken(tables: Facts, fedora: Machine) -> None:
    assert asked(tables, fedora).release == fedora.system.release
