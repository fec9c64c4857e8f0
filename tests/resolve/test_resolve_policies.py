"""Whose driver, how the system is put together, and the stack of a release's own day."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gpusetup.facts import Facts
from gpusetup.machine.model import Machine, PciGpu, Unread
from gpusetup.machine.read import read
from gpusetup.resolve import attempt
from gpusetup.resolve.asked.request import Wanted, ask
from gpusetup.resolve.model import Card, Refusal, Request, Stack
from tests.fake_host import FEDORA, grow
from tests.support import fedoras

PASCAL = Card(name="GeForce GTX 1050 Mobile", arch="Pascal", compute_capability="6.1", known_by="test")
ADA = Card(name="GeForce RTX 4090", arch="Ada Lovelace", compute_capability="8.9", known_by="test")
NO = Unread(unread="absent", source="test")


def stack(tables: Facts, *cards: Card, **wishes: Any) -> Stack:
    result = attempt(Request(cards=cards or (ADA,), **({"release": "44"} | wishes)), tables)
    assert isinstance(result, Stack), result
    return result


def test_the_installer_comes_with_a_checksum_and_no_repository_of_the_driver(tables: Facts) -> None:
    made = stack(tables, repo="runfile")
    assert made.driver is not None
    assert made.driver.runfile is not None
    recorded = {row.url: row.sha256 for row in tables.driver_runfile}
    assert recorded[made.driver.runfile.url] == made.driver.runfile.sha256
    assert {"akmod-nvidia*", "nvidia-driver*"} <= set(made.driver.conflicts)
    assert made.repositories == ()


def test_an_installer_whose_checksum_nobody_has_is_refused_with_the_reason(tables: Facts) -> None:
    unknown = next(row for row in tables.cuda if row.driver_bundled and not (row.runfile_sha256 and row.runfile_url))
    result = attempt(Request(release="44", cards=(ADA,), repo="runfile", driver=unknown.driver_bundled), tables)
    assert isinstance(result, Refusal)
    assert any("the SHA-256 of the installer" in reason.text for reason in result.because)
    assert any("--repo" in way.options or "--driver" in " ".join(way.options) for way in result.ways_out)


def test_wheels_alone_take_no_toolkit_and_keep_a_packaged_driver(tables: Facts) -> None:
    made = stack(tables, repo="wheels")
    assert made.driver is not None
    assert made.driver.repo in ("rpmfusion", "nvidia")
    assert made.toolkit.via == "none"
    assert not [repo.id for repo in made.repositories if "cuda" in repo.id]
    refused = attempt(Request(release="44", cards=(ADA,), repo="wheels", cuda="13.3"), tables)
    assert isinstance(refused, Refusal)
    assert "CUDA from the wheels alone" in " ".join(reason.text for reason in refused.because)


def test_fedora_29_gets_the_stack_of_its_day(tables: Facts) -> None:
    made = stack(tables, PASCAL, release="29", repo="runfile", allow_eol=True)
    assert made.driver is not None
    assert (made.driver.version, made.toolkit.series, made.toolkit.via) == ("410.48", "10.0", "runfile")
    assert made.toolkit.runtime
    assert made.toolkit.cudnn.startswith("7.4.")
    assert made.toolkit.cudnn_archive is not None
    (environment,) = made.environments
    assert environment.python == "3.7"
    texts = {one.text: one.sha256 for one in environment.requirements}
    assert texts.keys() == {"torch==1.0.1", "tensorflow-gpu==1.13.1", "protobuf==3.20.3"}
    assert all(texts.values())
    assert environment.pip is not None
    assert any("no security updates" in warning.text for warning in made.warnings)
    assert made.driver.runfile == made.toolkit.runfile
    assert "perl-Term-ReadLine-Gnu" in made.driver.packages


def test_fedora_29_needs_the_word_that_its_end_is_accepted(tables: Facts) -> None:
    result = attempt(Request(release="29", repo="runfile", cards=(PASCAL,)), tables)
    assert isinstance(result, Refusal)
    assert ("--allow-eol",) in [way.options for way in result.ways_out]
    assert [reason.text for reason in result.because if "reached its end of life" in reason.text]


def test_torch_alone_needs_no_toolkit_on_fedora_29(tables: Facts) -> None:
    made = stack(tables, PASCAL, release="29", repo="runfile", allow_eol=True, frameworks=("torch",))
    assert made.driver is not None
    assert made.driver.version == "410.48"
    assert made.toolkit.via != "runfile"


def test_what_is_pinned_goes_before_what_was_usual(tables: Facts) -> None:
    made = stack(tables, PASCAL, release="29", repo="runfile", allow_eol=True, tensorflow="1.14")
    assert "tensorflow-gpu==1.14.0" in [one.text for one in made.environments[0].requirements]


@pytest.mark.parametrize("variant", ["ostree", "bootc"])
def test_an_image_takes_akmods_driver_and_compiles_in_a_container(tables: Facts, variant: str) -> None:
    made = stack(tables, variant=variant)
    assert made.driver is not None
    assert made.driver.repo == "rpmfusion"
    assert made.toolkit.via == "container"
    assert made.container_packages


def test_containers_are_set_up_where_somebody_asks(tables: Facts) -> None:
    assert stack(tables).container_packages == ()
    wanted = stack(tables, containers=True)
    assert "nvidia-container-toolkit-base" in wanted.container_packages
    assert "nvidia-container-toolkit" in [repo.id for repo in wanted.repositories]


@pytest.mark.parametrize("release", ["36", "37"])
def test_the_old_directories_of_nvidia_have_a_key(tables: Facts, release: str) -> None:
    made = stack(tables, release=release, repo="nvidia", allow_eol=True)
    (repository,) = [repo for repo in made.repositories if repo.id.startswith("cuda")]
    assert repository.key.key_id == "D42D0685"
    assert len(repository.key.fingerprint) == 40


@pytest.fixture
def fedora(tmp_path: Any) -> Machine:
    grow(tmp_path, FEDORA)
    card = PciGpu(
        address="0000:01:00.0", device_id="2684", class_code="030000", driver="", runtime_status=NO, numa_node=NO
    )
    return msgspec.structs.replace(read(tmp_path, 5.0), pci=(card,), gpus=NO)


def asked(tables: Facts, machine: Machine, **wishes: Any) -> Request:
    return ask(tables, Wanted(**wishes), lambda: machine).request


@pytest.mark.parametrize(
    ("found", "wish", "variant"),
    [
        ("ostree", "", "ostree"),
        ("bootc", "", "bootc"),
        ("", "", ""),
        (NO, "", ""),
        ("ostree", "classic", ""),
        ("", "bootc", "bootc"),
    ],
)
def test_the_variant_is_what_the_machine_says_or_the_user(
    tables: Facts, fedora: Machine, found: Any, wish: Any, variant: str
) -> None:
    machine = msgspec.structs.replace(fedora, system=msgspec.structs.replace(fedora.system, image=found))
    assert asked(tables, machine, variant=wish).variant == variant


@pytest.mark.parametrize(
    ("notebook", "others", "hybrid"),
    [(True, ("8086",), True), (True, (), False), (False, ("8086",), False), (NO, NO, False)],
)
def test_a_hybrid_laptop_is_a_notebook_with_another_gpu(
    tables: Facts, fedora: Machine, notebook: Any, others: Any, hybrid: bool
) -> None:
    system = msgspec.structs.replace(fedora.system, notebook=notebook)
    machine = msgspec.structs.replace(fedora, system=system, other_displays=others)
    assert asked(tables, machine).hybrid is hybrid


def test_a_mobile_card_that_was_only_named_may_be_in_a_hybrid(tables: Facts, fedora: Machine) -> None:
    assert asked(tables, fedora, gpus=("GTX 1050 Mobile",), release="44").hybrid is None
    assert asked(tables, fedora, gpus=("RTX 4090",), release="44").hybrid is False


def test_the_owner_of_an_hgx_board_is_told_of_the_fabric_manager(tables: Facts) -> None:
    hopper = Card(name="H100 SXM5 80GB", arch="Hopper", compute_capability="9.0", known_by="test")
    told = [warning.text for warning in stack(tables, hopper).warnings if "fabricmanager" in warning.text]
    assert len(told) == 1
    assert not [warning for warning in stack(tables).warnings if "fabricmanager" in warning.text]


@pytest.mark.parametrize("release", ["44", "45"])
def test_a_gcc_that_nvcc_refuses_gets_an_older_one_beside_it(tables: Facts, release: str) -> None:
    made = stack(tables, release=release)
    row = next(row for row in tables.cuda_series if row.series == made.toolkit.series)
    system = next(row.gcc_major for row in fedoras(tables) if row.release == release)
    assert system > row.gcc_max
    assert made.toolkit.host_compiler == "g++-15"
    assert row.gcc_min <= 15 <= row.gcc_max
    assert made.toolkit.host_compiler_packages == ("gcc15", "gcc15-c++")


def test_without_a_framework_there_is_the_host_alone(tables: Facts) -> None:
    assert stack(tables, frameworks=()).environments == ()
