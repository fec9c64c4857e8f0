"""The healthy hosts of ``healthy/``: public dumps of machines that work, laid over the hosts of our own making.

What a dump shows is the dump's; what it does not show comes from `host`, with the dump's driver, kernel and
distribution in every place that names one. The GPUs are the dump's alone.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from gpusetup.facts import facts
from gpusetup.facts.find import gpus_by_pci_id
from gpusetup.machine.host import Host
from gpusetup.machine.kernel.log import read_kernel_log
from gpusetup.machine.model import Machine
from tests.doctor.machines import laid_over
from tests.doctor.smi import NOT_SHOWN, readings

HERE = Path(__file__).parent
HEALTHY = HERE / "healthy"
GIGATRANSFERS = {1: 2.5, 2: 5.0, 3: 8.0, 4: 16.0, 5: 32.0, 6: 64.0}
"""Of a lane, by PCIe generation."""
_NOTHING_KNOWN: dict[str, Any] = {
    "distributions": [], "toolkits": {}, "conda": [], "frameworks": None, "shared_files": [],
}  # fmt: skip
"""No dump speaks of frameworks, and those of `host` need a driver of their own."""


class Healthy(NamedTuple):
    """One public machine; `allowed` has the rules that warn of it for a reason, and that reason."""

    name: str
    machine: Machine
    allowed: dict[str, str]


def names() -> list[str]:
    return sorted(path.stem for path in HEALTHY.glob("*.toml") if path.stem not in {"lines", "open"})


def said(name: str) -> dict[str, Any]:
    """Return the case file `name`."""
    return tomllib.loads((HEALTHY / f"{name}.toml").read_text())


def healthy(name: str, folder: Path) -> Healthy:
    """Return the host of the case `name`; `folder` is a place for its kernel log."""
    case = said(name)
    return Healthy(name, made(case, folder), case.get("allowed", {}))


def made(case: dict[str, Any], folder: Path) -> Machine:
    """Return the machine that `case` describes."""
    host = laid_over(_base(case), _NOTHING_KNOWN)
    host = laid_over(host, _system(case, host))
    gpus = _gpus(case, host["gpus"][0])
    if gpus:
        host = laid_over(host, _cards(case, host, gpus))
    host = laid_over(host, case.get("change", {}))
    if case.get("log"):
        host["system"]["kernel"]["log"] = read_log(case["log"].splitlines(), folder)
    return msgspec.convert(host, Machine)


def read_log(lines: list[str], folder: Path) -> list[str]:
    """Return what the product's own reader takes of a kernel log."""
    (folder / "var/log").mkdir(parents=True, exist_ok=True)
    (folder / "var/log/dmesg").write_text("\n".join(lines) + "\n")
    log = read_kernel_log(Host(folder))
    assert isinstance(log, tuple), log
    return list(log)


def _base(case: dict[str, Any]) -> dict[str, Any]:
    """Return the host it is laid over, with the dump's versions wherever that host names its own."""
    text = (HERE / "hosts" / f"{case['host']}.json").read_text()
    own = json.loads(text)
    text = text.replace(own["driver"]["nvml"], case.get("driver", own["driver"]["nvml"]))
    if "kernel" in case:
        text = text.replace(own["system"]["kernel"]["release"], case["kernel"])
    if case.get("arch", "x86_64") != "x86_64":
        text = text.replace("x86_64", case["arch"])
    base: dict[str, Any] = json.loads(text)
    return base


def _system(case: dict[str, Any], host: dict[str, Any]) -> dict[str, Any]:
    """Return what the distribution and the driver's flavour change."""
    change: dict[str, Any] = {"driver": {"cuda": case.get("cuda", host["driver"]["cuda"])}, "system": {"kernel": {}}}
    if case["host"] != "wsl":
        flavour = "Dual MIT/GPL" if case.get("open") else "NVIDIA"
        change["driver"]["module_license"] = flavour
        change["system"]["kernel"]["module_file"] = {"license": flavour}
        if case.get("open"):
            change["driver"]["gsp_firmware"] = [[host["driver"]["nvml"], "gsp_ga10x.bin"]]
    if "distro" in case:
        distro, release, pretty = case["distro"]
        change["system"] |= {"distro": distro, "release": release, "pretty_name": pretty}
        if distro != host["system"]["distro"]:
            change |= {"packages": []}
            change["system"]["kernel"] |= {"builds": []}
            change["system"]["services-"] = ["akmods"]
    return change


def _gpus(case: dict[str, Any], first: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the GPUs as `Gpu` in JSON; ``each`` has what the dump says of all of them alike.

    A dump of little more than names says so (``rest = "host"``): what it does not show is then the host's first GPU's.
    """
    gpus = [_gpu(index, {**case.get("each", {}), **gpu}) for index, gpu in enumerate(case.get("gpu", ()))]
    if "rest" not in case:
        return gpus
    return [{**first, **{field: value for field, value in gpu.items() if value != NOT_SHOWN}} for gpu in gpus]


def _gpu(index: int, shown: dict[str, Any]) -> dict[str, Any]:
    gpu = readings(shown)
    gpu |= {"index": index, "uuid": f"GPU-11111111-2222-3333-4444-{index:012d}"}
    if not isinstance(gpu["minor"], int):
        gpu["minor"] = index
    rows = [] if isinstance(gpu["pci_device"], dict) else gpus_by_pci_id(facts(), gpu["pci_device"])
    if rows and isinstance(gpu["compute_capability"], dict):
        gpu["compute_capability"] = rows[0].cc
    if rows and isinstance(gpu["architecture"], dict):
        gpu["architecture"] = rows[0].arch.split()[0]
    links = [True] * shown["nvlinks"] if "nvlinks" in shown else NOT_SHOWN
    return {**gpu, "nvlinks": links, "peers": NOT_SHOWN, "licences": NOT_SHOWN, **shown.get("more", {})}


def _cards(case: dict[str, Any], host: dict[str, Any], gpus: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the GPUs on the bus and their device nodes; WSL has neither."""
    change: dict[str, Any] = {"gpus!": gpus}
    if isinstance(host["pci"], list):
        change["pci!"] = [_on_the_bus(host["pci"][0], gpu) for gpu in gpus]
        nodes = [one for one in host["device_nodes"] if not one["path"].removeprefix("/dev/nvidia").isdigit()]
        first = next(one for one in host["device_nodes"] if one["path"] == "/dev/nvidia0")
        change["device_nodes!"] = [*nodes, *(_node(first, gpu["minor"]) for gpu in gpus)]
    return change


def _on_the_bus(first: dict[str, Any], gpu: dict[str, Any]) -> dict[str, Any]:
    speeds, widths = gpu["pcie_gen"], gpu["pcie_width"]
    return {
        **first,
        "address": gpu["pci_address"],
        "device_id": gpu["pci_device"] if isinstance(gpu["pci_device"], str) else "",
        "link_speed": [GIGATRANSFERS[one] for one in speeds] if isinstance(speeds, list) else NOT_SHOWN,
        "link_width": widths if isinstance(widths, list) else NOT_SHOWN,
        "bars": NOT_SHOWN,
        "information": [["Model", gpu["name"]]],
    }


def _node(first: dict[str, Any], minor: int) -> dict[str, Any]:
    return {**first, "path": f"/dev/nvidia{minor}", **({"minor": minor} if "minor" in first else {})}
