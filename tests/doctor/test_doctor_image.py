"""Does an image run here: each rule fires where it must, and keeps quiet on what is nearly the same."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import pytest

from gpusetup.doctor.image import fit, image_rules
from gpusetup.doctor.image.conditions import ImageHost, holds
from gpusetup.doctor.image.needs import driver_needed, needs
from gpusetup.facts import facts
from gpusetup.facts.min_driver import driver_floor
from gpusetup.machine.model import Machine
from gpusetup.machine.model.image import Image
from tests.doctor.host_fit import cells, expected, said
from tests.doctor.machines import machine
from tests.each import each
from tests.support import drawn

CUDA13 = {"CUDA_VERSION": "13.2.1"}
OURS = {
    "io.gpusetup.requirements": "torch==2.14.1",
    "io.gpusetup.driver-floor": "580",
    "io.gpusetup.cuda.torch": "13.0",
    "io.gpusetup.code.torch": "7.5 8.0 8.6 9.0 10.0 12.0+PTX",
}
GEFORCE_580 = "cuda>=13.2 brand=geforce,driver>=580,driver<581 brand=geforcertx,driver>=580,driver<581"


def image(labels: dict[str, str] | None = None, architecture: str = "x86_64", **environment: str) -> Image:
    return Image(
        name="lab/image:1", architecture=architecture, labels=labels or {}, environment=environment, read_from="x"
    )


def with_driver(version: str, cuda: str, host: str = "desktop") -> Machine:
    return machine(host, {"driver": {"nvml": version, "kernel_module": version, "user_library": version, "cuda": cuda}})


class Case(NamedTuple):
    """A rule, what it says, and a host and image that make it say so; then a pair where it says nothing."""

    rule: str
    state: str
    machine: Machine
    image: Image
    quiet: tuple[Machine, Image]
    words: str = ""


def cases() -> list[Case]:
    desktop, laptop, h100 = machine(), machine("pascal_laptop"), machine("h100_server")
    old, old_h100 = with_driver("535.288.01", "12.2"), with_driver("535.288.01", "12.2", "h100_server")
    no_engines: dict[str, Any] = {"containers": {"engines!": {"podman": "/usr/bin/podman"}, "cdi_specs!": []}}
    no_cdi: dict[str, Any] = {
        "containers": {"engines!": {"podman": "/usr/bin/podman", "nvidia-ctk": "/usr/bin/nvidia-ctk"}, "cdi_specs!": []}
    }
    ours, cuda = image(OURS), image(None, **CUDA13)
    compat = image(None, **CUDA13, NV_CUDA_COMPAT_PACKAGE="cuda-compat-13-2")
    ptx = OURS | {"io.gpusetup.cuda.torch": "13.2", "io.gpusetup.code.torch": "7.5 8.6+PTX"}
    unsaid = {name: value for name, value in OURS.items() if "code" not in name}
    few = {"NVIDIA_DRIVER_CAPABILITIES": "graphics"}
    return [
        Case("IMG001", "error", desktop, image(OURS, "aarch64"), (desktop, image(OURS, "")), "aarch64"),
        Case("IMG002", "error", machine("no_gpu"), ours, (machine("no_gpu"), image({"io.gpusetup.python": "3.12"}))),
        Case("IMG003", "error", old, ours, (with_driver("580.65.06", "13.0"), ours), "535.288.01"),
        Case("IMG003", "error", old, compat, (old, image(None, CUDA_VERSION="12.9.1")), "too old"),
        Case("IMG003", "warning", old_h100, compat, (h100, compat), "forward-compatibility"),
        Case("IMG004", "info", with_driver("580.65.06", "13.0"), cuda, (desktop, cuda), "minor-version"),
        Case("IMG004", "warning", with_driver("580.65.06", "13.0"),
             image(None, **CUDA13, NV_CUDA_COMPAT_PACKAGE="cuda-compat-13-2"), (desktop, cuda), "804"),
        Case("IMG004", "error", with_driver("580.65.06", "13.0"), image(ptx | {"io.gpusetup.code.torch": "7.5+PTX"}),
             (desktop, image(ptx)), "PTX"),
        Case("IMG005", "error", laptop, ours, (desktop, ours), "no kernels"),
        Case("IMG005", "error", laptop, cuda, (laptop, image(None, CUDA_VERSION="12.6.3")), "no target"),
        Case("IMG005", "error", laptop, image(unsaid), (desktop, ours), "no kernels"),
        Case("IMG005", "warning", desktop, image(OURS | {"io.gpusetup.code.torch": "7.5+PTX"}), (desktop, ours)),
        Case("IMG005", "unknown", desktop, image(unsaid), (desktop, ours)),
        Case("IMG006", "error", h100, image(None, **CUDA13, NVIDIA_REQUIRE_CUDA=GEFORCE_580),
             (desktop, image(None, **CUDA13, NVIDIA_REQUIRE_CUDA=GEFORCE_580)), "conditions"),
        Case("IMG006", "unknown", desktop, image(None, **CUDA13, NVIDIA_REQUIRE_CUDA="brand=geforce"),
             (desktop, image(None, **CUDA13, NVIDIA_REQUIRE_CUDA="brand=geforce", NVIDIA_DISABLE_REQUIRE="1"))),
        Case("IMG007", "error", machine("desktop", no_engines), ours, (desktop, ours), "toolkit"),
        Case("IMG007", "error", machine("desktop", no_cdi), ours, (desktop, ours), "CDI"),
        Case("IMG008", "error", desktop, image(None, **CUDA13, **few), (desktop, ours)),
        Case("IMG008", "info", desktop, image(None, **CUDA13, NVIDIA_DRIVER_CAPABILITIES="compute"), (desktop, ours)),
        Case("IMG009", "unknown", desktop, image(), (desktop, cuda)),
    ]  # fmt: skip


@each("case", cases(), ids=lambda case: f"{case.rule}-{case.state}")
def test_a_rule_fires_and_keeps_quiet(case: Case) -> None:
    found = [one for one in fit(case.machine, case.image) if one.rule == case.rule]
    assert [one.state for one in found] == [case.state]
    assert case.words in found[0].summary
    assert found[0].subject == "lab/image:1"
    calm = [one.state for one in fit(*case.quiet) if one.rule == case.rule]
    assert case.state not in calm


def test_every_rule_has_a_case() -> None:
    assert {case.rule for case in cases()} == set(image_rules())


def test_no_driver_at_all_explains_the_rest() -> None:
    nothing = {"unread": "absent", "source": "x"}
    host = machine("desktop", {"driver": dict.fromkeys(("nvml", "kernel_module", "user_library", "cuda"), nothing)})
    found = {one.rule: one.state for one in fit(host, image(OURS))}
    assert found["IMG002"] == "error"
    assert found["IMG003"] != "error"


def test_a_card_that_no_driver_new_enough_drives_needs_another_image() -> None:
    host = with_driver("535.288.01", "12.2", "pascal_laptop")
    found = next(one for one in fit(host, image(OURS | {"io.gpusetup.driver-floor": "590"})) if one.rule == "IMG003")
    assert "no driver branch newer than 580 supports the oldest GPU here" in found.evidence[-1]
    assert found.remedy is not None
    assert "gpusetup container" in found.remedy.commands[0]


def test_an_unread_bus_is_never_a_fit() -> None:
    """The first law: what could not be looked at is unknown."""
    unread = {"unread": "denied", "source": "/sys/bus/pci"}
    host = machine("desktop", {"gpus": unread, "pci": unread})
    states = {one.rule: one.state for one in fit(host, image(OURS))}
    assert states["IMG002"] == "unknown"
    assert states["IMG005"] in {"unknown", "skipped"}


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("cuda>=13.0", True),
        ("cuda>=13.1", False),
        ("cuda>=13.1 driver>=580", True),
        ("cuda>=13.0,driver<580", False),
        ("brand=tesla", False),
        ("brand=geforce", None),
        ("brand=geforce brand=geforcertx", None),
        ("brand!=tesla,arch>=8.0", True),
        ("arch>=9.0 driver>=580.65.06", True),
        ("driver>=580.160", False),
        ("nonsense", None),
        ("nonsense,cuda>=13.1", False),
        ("cuda>=x", None),
    ],
)
def test_the_conditions_of_an_image(expression: str, answer: bool | None) -> None:
    host = ImageHost(cuda="13.0", driver="580.159.04", arch="8.9", brands=("geforce", "geforcertx"))
    assert holds(expression, host) is answer


def test_every_error_has_a_remedy() -> None:
    errors = [one for case in cases() for one in fit(case.machine, case.image) if one.state == "error"]
    assert errors
    assert all(one.remedy and one.remedy.commands for one in errors)


@pytest.mark.parametrize(
    ("cuda", "floor"),
    [("12.8.0.038", "525.60.13"), ("11.8.0", "450.80.02"), ("11.0.3", "450.36.06"), ("10.1.243", "418.39"),
     ("9.0.176", "384.81"), ("13.99.0", "580")],
)  # fmt: skip
def test_the_floor_of_ngc_and_old_images_and_of_those_to_come_is_known(cuda: str, floor: str) -> None:
    """As NVIDIA's release notes have it ("CUDA Driver", table 2 of the newest, table 1 of the older ones)."""
    for one in (image(None, CUDA_VERSION=cuda), image({"com.nvidia.cuda.version": cuda})):
        found = driver_needed(needs(one))
        assert found is not None
        assert found.driver == floor


def test_what_a_plan_demands_of_the_driver_is_what_the_doctor_demands() -> None:
    """An image of ours that lost its label is judged as the plan it came from."""
    for build in facts().torch_build:
        planned = driver_floor(facts(), build.cuda)
        judged = driver_needed(needs(image({"io.gpusetup.cuda.torch": build.cuda})))
        assert planned is not None
        assert judged is not None
        assert judged.driver == planned.driver


def test_a_sample_of_the_matrix_agrees_with_the_tables_read_by_plain_loops() -> None:
    tables = facts()
    sample = drawn("images", list(cells(tables)), 200)
    found = {one: said(cell) for one, cell in enumerate(sample)}
    assert found == {one: expected(tables, cell) for one, cell in enumerate(sample)}
    assert len(Counter(found.values())) > 2
