"""What people have: Arm hosts, boards with NVSwitches, a driver that is already there, hosts that are no Fedora."""

from __future__ import annotations

from typing import Any

import pytest

from gpusetup.errors import RefusedError, WrongInputError
from gpusetup.facts import Facts
from gpusetup.resolve import attempt
from gpusetup.resolve.asked.cards import named
from gpusetup.resolve.asked.request import RequestOptions, Wanted, ask
from gpusetup.resolve.host.changes import changes
from gpusetup.resolve.host.foreign import refuse_foreign
from gpusetup.resolve.model import Refusal, Stack
from tests.doctor.machines import machine
from tests.resolve.conftest import TODAY, Plan, Refuse


def asked_of(tables: Facts, host: str, change: dict[str, Any] | None = None, **wishes: Any) -> RequestOptions:
    return ask(tables, Wanted(**wishes), lambda: machine(host, change or {}), saved=True)


def planned(tables: Facts, asked: RequestOptions) -> Stack:
    result = attempt(asked.request, tables, TODAY)
    assert isinstance(result, Stack), result.because
    return result


@pytest.mark.parametrize("card", ["GH200", "GB200", "GB300", "GB10"])
def test_an_arm_host_gets_the_wheels_with_cuda_from_pytorchs_own_index(plan: Plan, card: str) -> None:
    made = plan(card, machine_arch="aarch64", frameworks=("torch",))
    (environment,) = made.environments
    torch, numpy = environment.requirements
    assert numpy.text == "numpy"  # which the self-test needs
    assert torch.index.endswith(f"/{torch.text.partition('+')[2]}")
    assert torch.text.partition("+")[2].startswith("cu")
    assert made.toolkit.cudnn_archive is None  # the archives on record are for x86_64
    urls = [one.baseurl for one in made.repositories]
    assert urls
    assert not [url for url in urls if "x86_64" in url]


def test_tensorflow_is_refused_on_an_arm_host_with_its_reason(refuse: Refuse) -> None:
    refusal = refuse("GH200", machine_arch="aarch64", frameworks=("tensorflow",))
    assert refusal.because[0].fact == "rule-tensorflow-aarch64-no-cuda"


def test_an_arm_card_in_another_host_is_refused(refuse: Refuse) -> None:
    refusal = refuse("GB200", machine_arch="x86_64")
    assert "aarch64" in refusal.because[0].text


def test_a_jetson_is_refused_with_its_address(refuse: Refuse) -> None:
    texts = " ".join(reason.text for reason in refuse("Jetson AGX Orin", machine_arch="aarch64").because)
    assert "developer.nvidia.com/embedded/jetpack" in texts
    assert "pypi.jetson-ai-lab.io" in texts


@pytest.mark.parametrize("spelled", ["aarch64", "arm64", "sbsa", "AArch64"])
def test_an_architecture_has_several_names(tables: Facts, spelled: str) -> None:
    made = ask(tables, Wanted(gpus=("GH200",), arch=spelled), lambda: pytest.fail("another machine is asked about"))
    assert made.request.machine_arch == "aarch64"
    assert made.request.frameworks == ("torch",)
    assert "TensorFlow" in made.notes[0]


def test_an_architecture_that_nobody_has_is_refused(tables: Facts) -> None:
    with pytest.raises(WrongInputError, match="sparc"):
        ask(tables, Wanted(gpus=("GH200",), arch="sparc"), machine)
    with pytest.raises(RefusedError, match="riscv64"):
        asked_of(tables, "desktop", {"system": {"arch": "riscv64"}})


@pytest.mark.parametrize(
    ("said", "count"), [("8x H100", 8), ("H100 x8", 8), ("2 × A100", 2), ("GTX 680", 1), ("MX150", 1), ("10de:1c8d", 1)]
)
def test_several_cards_are_said_with_a_number(tables: Facts, said: str, count: int) -> None:
    (card,) = named(tables, [said], ())
    assert card.count == count


def test_cards_of_a_kind_are_counted(tables: Facts) -> None:
    (card,) = asked_of(tables, "h100_server").request.cards
    assert card.count == 8


def test_a_board_with_nvswitches_gets_the_fabric_manager_of_the_drivers_version(plan: Plan) -> None:
    made = plan("8x H100 SXM", release="44")
    assert made.driver is not None
    parts = {one.name: one for one in made.parts}
    assert parts["fabric-manager"].version == made.driver.version
    assert made.driver.repo == "nvidia"  # only there is a fabric manager of the same version
    assert "subnet-manager" not in parts
    assert parts["persistence"].services == ("nvidia-persistenced",)
    assert "subnet-manager" in {one.name for one in plan("8x B200", release="44").parts}


def test_a_single_card_gets_a_warning_and_the_part_when_asked(plan: Plan) -> None:
    alone = plan("H100 SXM", release="44")
    assert alone.parts == ()
    assert [one for one in alone.warnings if "--with fabric-manager" in one.text]
    assert [one.name for one in plan("H100 SXM", release="44", parts=("fabric-manager",)).parts][:1] == [
        "fabric-manager"
    ]
    assert [one.name for one in plan("RTX 4090", release="44", parts=("dcgm",)).parts] == ["dcgm"]
    assert not [one for one in plan("H100 PCIe", release="44").warnings if "fabric" in one.text]


def test_a_rack_gets_imex_and_no_fabric_manager(plan: Plan) -> None:
    made = plan("GB200", machine_arch="aarch64", frameworks=("torch",))
    assert {one.name for one in made.parts} == {"imex", "persistence"}
    assert [one for one in made.warnings if "nodes_config.cfg" in one.text]


def test_a_driver_that_fits_is_kept(tables: Facts) -> None:
    asked = asked_of(tables, "desktop")
    made = planned(tables, asked)
    assert made.driver is None
    now = {one.component: one for one in changes(made, machine("desktop"), tables)}
    assert now["driver"].now == "595.91.07"
    assert now["driver"].after == "595.91.07 stays"
    assert now["torch"].now == "2.14.1"
    assert now["torch"].after.startswith("2.15.0")


@pytest.mark.parametrize(
    ("host", "why"),
    [("desktop", "it is too old for the wheels"), ("pascal_laptop", "it gets no more security updates")],
)
def test_a_driver_that_does_not_fit_is_replaced(tables: Facts, host: str, why: str) -> None:
    old = "550.163.01"
    change = {"driver": {"nvml": old, "kernel_module": old, "user_library": old}}
    made = planned(tables, asked_of(tables, host, change))
    assert made.driver is not None, why


def test_half_of_an_update_is_no_driver_to_keep(tables: Facts) -> None:
    made = planned(tables, asked_of(tables, "desktop", {"driver": {"user_library": "610.43.03"}}))
    assert made.driver is not None


def test_a_kept_driver_has_the_modules_that_it_has(tables: Facts) -> None:
    """The proprietary modules drive no Blackwell card, whatever their version."""
    blackwell = {"gpus": {"0": {"name": "NVIDIA GeForce RTX 5090", "compute_capability": "12.0"}}}
    kept = planned(tables, asked_of(tables, "desktop", blackwell))
    assert kept.driver is None
    wrong = planned(tables, asked_of(tables, "desktop", blackwell | {"driver": {"module_license": "NVIDIA"}}))
    assert wrong.driver is not None
    assert wrong.driver.flavour == "open"


def test_a_host_that_is_no_fedora_is_told_what_is_possible(tables: Facts) -> None:
    other = {"system": {"distro": "arch", "release": "rolling", "pretty_name": "Arch Linux"}}
    asked = asked_of(tables, "h100_server", other)
    refusal = refuse_foreign(asked, tables)
    assert isinstance(refusal, Refusal)
    assert "Arch Linux" in refusal.because[0].text
    assert "580.159.04 is there and fits" in refusal.because[1].text
    ways = [way.options for way in refusal.ways_out]
    assert ways[0][:2] == ("pip", "install")
    assert ("--distro", "fedora") in ways
    assert refuse_foreign(asked_of(tables, "h100_server", other, distro="fedora"), tables) is None
    assert refuse_foreign(asked_of(tables, "h100_server"), tables) is None
    assert refuse_foreign(asked_of(tables, "desktop"), tables) is None


def test_under_wsl_the_driver_is_never_linuxs(tables: Facts) -> None:
    other = {"system": {"distro": "arch", "release": "rolling", "pretty_name": "Arch Linux"}}
    refusal = refuse_foreign(asked_of(tables, "wsl", other), tables)
    assert refusal is not None
    assert "Windows" in refusal.because[1].text
    for distro in ("", "fedora"):
        made = planned(tables, asked_of(tables, "wsl", distro=distro))
        assert made.driver is None
        assert "Windows" in changes(made, machine("wsl"), tables)[0].after
