"""A host that is a folder: files by their path, as `gpusetup.machine` would meet them below ``/``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

from tests.fake_rpmdb import Rpm, rpmdb


class Link(NamedTuple):
    """A symbolic link, as it is written."""

    target: str


Content: TypeAlias = str | bytes | Link | None
"""Text, bytes, a link, or None for a folder."""


def grow(root: Path, tree: Mapping[str, Content]) -> Path:
    """Write `tree` below `root` and return `root`."""
    for path, content in tree.items():
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        match content:
            case None:
                place.mkdir(parents=True, exist_ok=True)
            case Link(target):
                place.symlink_to(target)
            case bytes():
                place.write_bytes(content)
            case str():
                place.write_text(content)
    return root


FEDORA: dict[str, Content] = {
    "/usr/lib/os-release": 'NAME="Fedora Linux"\nID=fedora\nVERSION_ID=44\nPRETTY_NAME="Fedora Linux 44"\n',
    "/etc/os-release": Link("../usr/lib/os-release"),
    "/lib": Link("usr/lib"),
    "/lib64": Link("usr/lib64"),
    "/bin": Link("usr/bin"),
    "/usr/lib64/ld-linux-x86-64.so.2": b"\x7fELF",
    "/usr/lib64/libc.so.6": b"\x7fELF GNU C Library (GNU libc) stable release version 2.43.\0",
    "/usr/bin/python3.14": "",
    "/usr/bin/python3": Link("python3.14"),
    "/proc/sys/kernel/osrelease": "7.0.4-200.fc44.x86_64\n",
    "/proc/sys/kernel/tainted": "0\n",
    "/proc/cmdline": "root=UUID=1 luks=9 rd.driver.blacklist=nouveau,nova-core nvidia-drm.modeset=1 quiet\n",
    "/proc/cpuinfo": "processor\t: 0\nmodel name\t: AMD Ryzen 7\n\nprocessor\t: 1\nmodel name\t: AMD Ryzen 7\n",
    "/proc/meminfo": "MemTotal:       16000000 kB\nMemFree: 1 kB\n",
    "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c": b"\x06\0\0\0\x01",
    "/sys/kernel/security/lockdown": "none [integrity] confidentiality\n",
    "/sys/bus": None,
}
"""A Fedora laptop with no GPU and no driver."""


def nouveau_laptop(address: str = "0000:01:00.0") -> dict[str, Content]:
    """Return that laptop with a GTX 1050 Mobile that nouveau has taken, asleep."""
    device = f"/sys/devices/pci0000:00/{address}"
    return {
        **FEDORA,
        f"/sys/bus/pci/devices/{address}": Link(f"../../../devices/pci0000:00/{address}"),
        "/sys/bus/pci/devices/0000:00:02.0/vendor": "0x8086\n",
        "/sys/bus/pci/devices/0000:00:02.0/class": "0x030000\n",
        "/sys/bus/pci/devices/0000:01:00.1/vendor": "0x10de\n",
        "/sys/bus/pci/devices/0000:01:00.1/class": "0x040300\n",
        f"{device}/vendor": "0x10de\n",
        f"{device}/class": "0x030200\n",
        f"{device}/device": "0x1C8D\n",
        f"{device}/numa_node": "-1\n",
        f"{device}/power/runtime_status": "suspended\n",
        f"{device}/driver": Link("../../../bus/pci/drivers/nouveau"),
        "/sys/bus/pci/drivers/nouveau/bind": "",
        "/proc/modules": "nouveau 3000000 2 - Live 0x0\ndrm 1 1 nouveau, Live 0x0\n",
        "/dev/null": "",
    }


_CARD = "/sys/devices/pci0000:00/0000:01:00.0"
_RUNNING = "7.0.4-200.fc44.x86_64"
_SITE = "/usr/lib64/python3.14/site-packages"
_CERTIFICATE = b"\x06\x03U\x04\x03\x0c\x04akmo"
_LIBRARY = b"\x7fELF\x02\x01\x01" + b"\0" * 9 + b"\x03\0\x3e\0"

WHOLE: dict[str, Content] = {
    **nouveau_laptop(),
    "/proc/version": "Linux version 7.0.4-200.fc44.x86_64 (gcc (GCC) 15.2.1)\n",
    "/proc/modules": "nvidia_uvm 1 2 - Live 0x0\nnvidia 3000000 2 nvidia_uvm, Live 0x0 (OE)\n",
    "/proc/devices": "Character devices:\n195 nvidia\n511 nvidia-uvm\n\nBlock devices:\n  8 sd\n",
    "/proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release\n"
    "GCC version:  gcc version 15.2.1 20251022 (Red Hat)\n",
    "/proc/driver/nvidia/capabilities/gpu0/mig/gi1/ci0/access": "DeviceFileMinor: 3\n",
    "/proc/driver/nvidia/params": "ModifyDeviceFiles: 1\nDeviceFileMode: 438\n",
    "/proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: GeForce\nDevice Minor: 0\nGPU Excluded: No\n",
    "/sys/module/nvidia/version": "580.95.05\n",
    "/sys/module/nvidia_drm/parameters/modeset": "Y\n",
    "/sys/class/dmi/id/sys_vendor": "LENOVO\n",
    f"{_CARD}/current_link_speed": "8.0 GT/s PCIe\n",
    f"{_CARD}/max_link_speed": "16.0 GT/s PCIe\n",
    f"{_CARD}/current_link_width": "16\n",
    f"{_CARD}/max_link_width": "16\n",
    f"{_CARD}/resource": "0x00000000f6000000 0x00000000f6ffffff 0x0000000000040200\n" + "0x0 0x0 0x0\n" * 6,
    f"{_CARD}/aer_dev_correctable": "TOTAL_ERR_COR 0\n",
    f"{_CARD}/aer_dev_nonfatal": "TOTAL_ERR_NONFATAL 0\n",
    f"{_CARD}/aer_dev_fatal": "TOTAL_ERR_FATAL 0\n",
    f"/usr/lib/modules/{_RUNNING}/vmlinuz": "",
    f"/usr/lib/modules/{_RUNNING}/modules.dep": "extra/nvidia/nvidia.ko.xz:\n",
    f"/usr/lib/modules/{_RUNNING}/extra/nvidia/nvidia.ko": b"\x7fELF\x02\x01\x01" + b"\0" * 100,
    f"/usr/lib/modules/{_RUNNING}/extra/nvidia/nvidia-peermem.ko.xz": b"\xfd7zXZ\0" + b"\0" * 60,
    "/boot/grub2/grubenv": f"saved_entry=0123-{_RUNNING}\n",
    f"/var/cache/akmods/nvidia/580.95.05-1-for-{_RUNNING}.failed.log": "error\n",
    "/var/lib/dkms/nvidia/580.95.05/build/make.log": "DKMS make.log for nvidia-580.95.05 for kernel 7.0 (x86_64)\n",
    "/etc/modprobe.d/nvidia.conf": "blacklist nouveau\noptions nvidia NVreg_X=1\n",
    "/var/log/messages": "kernel: [ 2.0] NVRM: Xid (PCI:0000:01:00): 79, pid=1, GPU has fallen off the bus.\n",
    "/sys/firmware/efi/efivars/MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23": _CERTIFICATE,
    "/etc/pki/akmods/certs/public_key.der": _CERTIFICATE,
    "/sys/fs/selinux/enforce": "1",
    "/sys/fs/selinux/booleans/container_use_devices": "0 0",
    "/etc/selinux/config": "SELINUX=enforcing\n",
    "/usr/lib/systemd/system/nvidia-persistenced.service": "",
    "/sys/fs/cgroup/system.slice/nvidia-persistenced.service/cgroup.procs": "",
    "/dev/nvidia0": "",
    "/dev/nvidiactl": "",
    "/dev/nvidia-uvm": "",
    "/usr/lib64/libcuda.so.580.95.05": _LIBRARY,
    "/usr/lib64/libcuda.so.1": Link("libcuda.so.580.95.05"),
    "/usr/lib64/libnvidia-ml.so.1": _LIBRARY,
    "/etc/ld.so.cache": b"glibc-ld.so.cache1.1"
    + (1).to_bytes(4, "little")
    + b"\0" * 24
    + (3).to_bytes(4, "little")
    + (72).to_bytes(4, "little")
    + (85).to_bytes(4, "little")
    + b"\0" * 12
    + b"libcuda.so.1\0/usr/lib64/libcuda.so.1\0",
    "/usr/local/cuda-13.0/version.json": '{"cuda": {"name": "CUDA SDK", "version": "13.0.2"}}',
    "/usr/local/cuda-13.0/lib64/libcudart.so.13": _LIBRARY,
    "/usr/lib/firmware/nvidia/580.95.05/gsp_ga10x.bin": "",
    "/usr/bin/gcc": "",
    "/usr/lib/gcc/x86_64-redhat-linux/15/cc1": "",
    "/usr/bin/podman": "",
    "/etc/cdi/nvidia.yaml": "cdiVersion: 0.5.0\nmounts:\n- hostPath: /usr/lib64/libcuda.so.580.95.05\n",
    "/etc/docker/daemon.json": '{"runtimes": {"nvidia": {}}}',
    "/etc/nvidia-container-runtime/config.toml": "no-cgroups = false\n",
    f"{_SITE}/torch-2.14.0.dist-info/INSTALLER": "pip\n",
    f"{_SITE}/torch/version.py": "cuda: Optional[str] = '13.0'\n",
    f"{_SITE}/tensorflow-2.21.0.dist-info/INSTALLER": "pip\n",
    f"{_SITE}/tensorflow/python/platform/build_info.py": "[('cuda_version', '12.5.1'), ('is_cuda_build', True)]\n",
    f"{_SITE}/nvidia_cudnn_cu12-9.10.dist-info/RECORD": "nvidia/cudnn/lib/libcudnn.so.9,,1\n",
    f"{_SITE}/nvidia_cudnn_cu13-9.13.dist-info/RECORD": "nvidia/cudnn/lib/libcudnn.so.9,,1\n",
    f"{_SITE}/nvidia/cudnn/lib/libcudnn.so.9": _LIBRARY,
    f"{_SITE}/torch-2.14.0.dist-info/WHEEL": "Tag: cp314-cp314-manylinux_2_28_x86_64\n",
    f"{_SITE}/torch-2.14.0.dist-info/METADATA": "Requires-Dist: nvidia-cudnn-cu13==9.13; os_name=='posix'\n\nA\n",
    f"{_SITE}/torch-2.14.0.dist-info/direct_url.json": '{"dir_info": {"editable": true}}',
    "/usr/lib/sysimage/rpm/rpmdb.sqlite": rpmdb(
        Rpm("xorg-x11-drv-nvidia-cuda-libs", "580.95.05", files=("/usr/lib64/libcuda.so.580.95.05",)),
        Rpm("podman", "5.7.0", vendor="Fedora Project"),
    ),
    "/etc/udev/rules.d/70-nvidia.rules": 'KERNEL=="nvidia*", MODE="0660", GROUP="video"\n',
    "/etc/containerd/config.toml": "[plugins.nvidia]\n",
    "/var/lib/kubelet/device-plugins/kubelet.sock": "",
    "/dev/char/195:255": "",
    "/var/log/audit/audit.log": 'type=AVC msg=audit(1.2:3): avc:  denied  { read } for name="nvidiactl"\n',
    "/proc/uptime": "100.0 200.0\n",
    "/run/reboot-required": "",
    "/sys/class/dmi/id/chassis_type": "10\n",
    "/sys/class/infiniband/mlx5_0/ports/1/state": "4: ACTIVE\n",
    "/sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
    "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
    f"{_CARD}/iommu_group/type": "DMA-FQ\n",
    f"{_CARD}/local_cpulist": "0-7\n",
    "/sys/devices/pci0000:00/config": b"\0" * 256,
    "/usr/bin/nvidia-smi": "",
}
"""A Fedora laptop with everything that is read anywhere; not healthy, but whole."""
