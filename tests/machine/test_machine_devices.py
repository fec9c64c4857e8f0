"""The bus, the device nodes, the driver's files, CDI specifications and wheels, from files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gpusetup.machine.containers.engines import read_containers
from gpusetup.machine.gpu.device_nodes import read_device_nodes, read_majors
from gpusetup.machine.gpu.driver import read_driver
from gpusetup.machine.gpu.pci import read_pci
from gpusetup.machine.host import Host
from gpusetup.machine.model import CdiSpec, Distribution, PciGpu, SharedFile, Unread
from gpusetup.machine.software.distributions import read_distributions
from gpusetup.machine.software.libraries import read_libraries
from gpusetup.machine.software.wheels import read_shared_files
from tests.fake_host import Content, Link, grow

CARD = "/sys/bus/pci/devices/0000:01:00.0"
GPU: dict[str, Content] = {
    f"{CARD}/vendor": "0x10de\n",
    f"{CARD}/class": "0x030000\n",
    f"{CARD}/device": "0x2684\n",
    f"{CARD}/current_link_speed": "2.5 GT/s PCIe\n",
    f"{CARD}/max_link_speed": "16.0 GT/s PCIe\n",
    f"{CARD}/current_link_width": "8\n",
    f"{CARD}/max_link_width": "16\n",
    f"{CARD}/resource": "0x00000000f6000000 0x00000000f6ffffff 0x0000000000040200\n"
    "0x0000000000000000 0x000000000fffffff 0x000000000014220c\n" + "0x0 0x0 0x0\n" * 5,
    f"{CARD}/aer_dev_correctable": "RxErr 2\nBadTLP 1\nTOTAL_ERR_COR 3\n",
    f"{CARD}/aer_dev_nonfatal": "TOTAL_ERR_NONFATAL 0\n",
    f"{CARD}/aer_dev_fatal": "TOTAL_ERR_FATAL 1\n",
    "/proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t NVIDIA GeForce RTX 4090\nGPU UUID: GPU-1\n"
    "GPU Firmware: \t N/A\nDevice Minor: \t 0\nGPU Excluded:\t No\n",
}


def card(root: Path, change: dict[str, Content]) -> PciGpu:
    pci = read_pci(Host(grow(root, GPU | change)))
    assert not isinstance(pci, Unread)
    return pci[0]


def test_the_bus_tells_link_regions_and_errors(tmp_path: Path) -> None:
    gpu = card(tmp_path, {})
    assert (gpu.link_speed, gpu.link_width) == ((2.5, 16.0), (8, 16))
    assert gpu.bars == (16 << 20, 0, 0, 0, 0, 0)  # the second has a size but no place: the firmware gave it none
    assert gpu.aer_errors == (3, 0, 1)
    assert gpu.information == (
        ("Model", "NVIDIA GeForce RTX 4090"),
        ("GPU Firmware", "N/A"),
        ("Device Minor", "0"),
        ("GPU Excluded", "No"),
    )


@pytest.mark.parametrize(
    ("name", "content", "field"),
    [
        ("current_link_speed", "Unknown\n", "link_speed"),
        ("max_link_width", "", "link_width"),
        ("resource", "0x0 zero\n", "bars"),
        ("resource", "0x0 0x0\n", "bars"),
        ("aer_dev_fatal", "\n", "aer_errors"),
    ],
)
def test_what_the_bus_says_in_other_words_is_unread(tmp_path: Path, name: str, content: str, field: str) -> None:
    told = getattr(card(tmp_path, {f"{CARD}/{name}": content}), field)
    assert isinstance(told, Unread)
    assert told.unread == "failed"


def test_majors_are_those_of_character_devices(tmp_path: Path) -> None:
    text = (
        "Character devices:\n  1 mem\n195 nvidia\n195 nvidiactl\n511 nvidia-uvm\n\nBlock devices:\n  8 nvidia-block\n"
    )
    assert read_majors(Host(grow(tmp_path, {"/proc/devices": text}))) == (
        ("nvidia", 195),
        ("nvidiactl", 195),
        ("nvidia-uvm", 511),
    )


def test_nodes_tell_owner_and_number(tmp_path: Path) -> None:
    host = Host(grow(tmp_path, {"/dev/nvidia-caps": None}))
    try:
        os.mknod(tmp_path / "dev/nvidia0", 0o20660, os.makedev(195, 7))
    except PermissionError:
        pytest.skip("device nodes can be made by root alone")
    nodes = read_device_nodes(host)
    assert not isinstance(nodes, Unread)
    (node,) = nodes
    assert (node.path, node.mode[0], node.major, node.minor, node.owner) == ("/dev/nvidia0", "c", 195, 7, os.geteuid())


def test_the_drivers_own_files(tmp_path: Path) -> None:
    tree: dict[str, Content] = {
        "/proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05  Tue\n"
        "GCC version:  gcc version 15.2.1 20251022 (Red Hat 15.2.1-3) (GCC) \n",
        "/proc/driver/nvidia/params": 'ModifyDeviceFiles: 1\nDeviceFileMode: 438\nExcludedGpus: ""\n',
        "/sys/module/nvidia_drm/parameters/modeset": "Y\n",
        "/lib/firmware/nvidia/580.95.05/gsp_ga10x.bin": "",
        "/lib/firmware/nvidia/tu102/gsp/gsp.bin": "",
    }
    nothing = Unread(unread="absent", source="")
    said = dict.fromkeys(("nvml", "nvml_library", "cuda", "confidential"), nothing)
    driver = read_driver(Host(grow(tmp_path, tree)), said, ())
    assert driver.module_gcc == "15.2.1"
    assert driver.parameters == (
        ("ModifyDeviceFiles", "1"),
        ("DeviceFileMode", "438"),
        ("ExcludedGpus", '""'),
        ("nvidia_drm.modeset", "Y"),
    )
    assert driver.gsp_firmware == (("580.95.05", "/lib/firmware/nvidia/580.95.05/gsp_ga10x.bin"),)


def test_a_container_without_firmware_is_not_a_host_that_lacks_it(tmp_path: Path) -> None:
    said = dict.fromkeys(("nvml", "nvml_library", "cuda", "confidential"), Unread(unread="absent", source=""))
    told = read_driver(Host(tmp_path), said, ()).gsp_firmware
    assert isinstance(told, Unread)
    assert told.unread == "absent"
    assert read_driver(Host(grow(tmp_path, {"/lib/firmware": None})), said, ()).gsp_firmware == ()


def test_a_library_of_another_machine_is_told_apart(tmp_path: Path) -> None:
    elf = b"\x7fELF%c\x01\x01" + b"\0" * 9 + b"\x03\0%c\0"
    tree: dict[str, Content] = {
        "/usr/lib64/libcuda.so.1": elf % (2, 62),
        "/usr/lib/libcuda.so.1": elf % (1, 3),
        "/lib64": Link("usr/lib64"),
        "/lib": Link("usr/lib"),
        "/usr/lib/libcudnn.so.9": "not a library",
    }
    found = read_libraries(Host(grow(tmp_path, tree)), "x86_64", {}, ())
    assert {(each.path, each.bits, each.machine) for each in found} == {
        ("/usr/lib64/libcuda.so.1", 64, "x86_64"),
        ("/usr/lib/libcuda.so.1", 32, "i686"),
        ("/usr/lib/libcudnn.so.9", 0, ""),
    }


CDI = {
    "cdiVersion": "0.5.0",
    "kind": "nvidia.com/gpu",
    "devices": [{"name": "0", "containerEdits": {"deviceNodes": [{"path": "/dev/nvidia0"}]}}],
    "containerEdits": {
        "hooks": [{"hookName": "createContainer", "path": "/usr/bin/nvidia-cdi-hook", "args": ["nvidia-cdi-hook"]}],
        "mounts": [
            {"hostPath": "/usr/lib64/libcuda.so.575.64.03", "containerPath": "/usr/lib64/libcuda.so.575.64.03"},
            {"hostPath": "/usr/bin/nvidia-smi", "containerPath": "/elsewhere/nvidia-smi"},
        ],
    },
}
CDI_YAML = """cdiVersion: 0.5.0
kind: nvidia.com/gpu
devices:
- name: "0"
  containerEdits:
    deviceNodes:
    - path: /dev/nvidia0
containerEdits:
  hooks:
  - hookName: createContainer
    path: /usr/bin/nvidia-cdi-hook
  mounts:
  - hostPath: /usr/lib64/libcuda.so.575.64.03
    containerPath: /usr/lib64/libcuda.so.575.64.03
  - hostPath: /usr/bin/nvidia-smi
    containerPath: /elsewhere/nvidia-smi
"""


@pytest.mark.parametrize("path", ["/etc/cdi/nvidia.json", "/var/run/cdi/nvidia.yaml"])
def test_a_specification_tells_its_driver_and_what_has_gone(tmp_path: Path, path: str) -> None:
    tree: dict[str, Content] = {
        path: json.dumps(CDI, indent=2) if path.endswith("json") else CDI_YAML,
        "/usr/bin/nvidia-smi": "",
        "/dev/nvidia0": "",
    }
    containers = read_containers(Host(grow(tmp_path, tree)))
    missing = {"/usr/lib64/libcuda.so.575.64.03", "/usr/bin/nvidia-cdi-hook"}
    assert not isinstance(containers.cdi, Unread)
    (spec,) = containers.cdi
    assert spec == CdiSpec(path=path, version="0.5.0", driver="575.64.03", missing=spec.missing)
    assert set(spec.missing) == missing
    assert containers.cdi_specs == (path,)


def test_one_folder_under_two_names_is_one(tmp_path: Path) -> None:
    tree: dict[str, Content] = {"/run/cdi/nvidia.yaml": CDI_YAML, "/var/run": Link("/run")}
    assert read_containers(Host(grow(tmp_path, tree))).cdi_specs == ("/run/cdi/nvidia.yaml",)


def test_how_the_engines_are_set_up(tmp_path: Path) -> None:
    tree: dict[str, Content] = {
        "/etc/docker/daemon.json": '{"runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}}',
        "/etc/nvidia-container-runtime/config.toml": "[nvidia-container-cli]\n#no-cgroups = false\nno-cgroups = true\n",
    }
    containers = read_containers(Host(grow(tmp_path, tree)))
    assert (containers.docker_runtimes, containers.no_cgroups) == (("nvidia",), True)


def test_a_broken_daemon_file_is_unread(tmp_path: Path) -> None:
    told = read_containers(Host(grow(tmp_path, {"/etc/docker/daemon.json": "{"}))).docker_runtimes
    assert isinstance(told, Unread)
    assert told.unread == "failed"


SITE = "/usr/lib64/python3.13/site-packages"


def wheels(root: Path, tree: dict[str, Content]) -> dict[str, Distribution]:
    return {each.name: each for each in read_distributions(Host(grow(root, tree)))}


def test_wheels_tell_their_cuda_without_being_imported(tmp_path: Path) -> None:
    found = wheels(
        tmp_path,
        {
            f"{SITE}/torch-2.13.0.dist-info/INSTALLER": "uv\n",
            f"{SITE}/torch/version.py": "__version__ = '2.13.0+cu126'\ncuda: Optional[str] = '12.6'\nhip = None\n",
            f"{SITE}/tensorflow-2.21.0.dist-info/INSTALLER": "pip\n",
            f"{SITE}/tensorflow/python/platform/build_info.py": "build_info = collections.OrderedDict([('cuda_compute_"
            "capabilities', ['sm_60', 'sm_89', 'compute_90']), ('cuda_version', '12.5.1'), ('is_cuda_build', True)])\n",
            f"{SITE}/Some_Thing-1.0.dist-info/INSTALLER": "pip\n",
        },
    )
    assert (found["torch"].cuda, found["torch"].installer) == ("12.6", "uv")
    assert (found["tensorflow"].cuda, found["tensorflow"].architectures) == (
        "12.5.1",
        ("sm_60", "sm_89", "compute_90"),
    )
    assert found["some-thing"].installer == ""


@pytest.mark.parametrize(
    ("text", "cuda"), [("cuda: Optional[str] = None\n", "cpu"), ("cuda = '13.0'\n", "13.0"), ("", "")]
)
def test_torch_says_what_it_was_built_for(tmp_path: Path, text: str, cuda: str) -> None:
    tree: dict[str, Content] = {f"{SITE}/torch-2.14.0.dist-info/METADATA": "", f"{SITE}/torch/version.py": text}
    assert wheels(tmp_path, tree)["torch"].cuda == cuda


def test_two_wheels_that_own_one_file_are_named(tmp_path: Path) -> None:
    both = "nvidia/__init__.py,,0\nnvidia/cudnn/lib/libcudnn.so.9,sha256=x,1\nnvidia/cudnn/lib/libcudnn_ops.so.9,,1\n"
    tree: dict[str, Content] = {
        f"{SITE}/nvidia_cudnn_cu12-9.10.2.21.dist-info/RECORD": both,
        f"{SITE}/nvidia_cudnn_cu13-9.13.0.50.dist-info/RECORD": both,
        f"{SITE}/nvidia_nccl_cu13-2.28.3.dist-info/RECORD": "nvidia/__init__.py,,0\nnvidia/nccl/lib/libnccl.so.2,,1\n",
    }
    host = Host(grow(tmp_path, tree))
    assert read_shared_files(host, read_distributions(host)) == (
        SharedFile(
            location=SITE,
            owners=("nvidia-cudnn-cu12", "nvidia-cudnn-cu13"),
            files=2,
            example="nvidia/cudnn/lib/libcudnn.so.9",
        ),
    )
