"""The readers of foreign data, each with real samples."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import subprocess
import tarfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from gpusetup.doctor.examine import examine
from gpusetup.doctor.finding import Report
from gpusetup.doctor.outcome import silence
from gpusetup.doctor.registry import all_rules
from gpusetup.doctor.software.requirement import unmet
from gpusetup.facts import facts
from gpusetup.machine.containers.cdi import read_cdi
from gpusetup.machine.containers.engines import read_containers
from gpusetup.machine.gpu.acs import read_acs
from gpusetup.machine.gpu.device_nodes import read_majors
from gpusetup.machine.gpu.driver import read_driver
from gpusetup.machine.gpu.pci import read_bus
from gpusetup.machine.gpu.udev import read_udev
from gpusetup.machine.host import Host
from gpusetup.machine.image.described import described
from gpusetup.machine.image.read import read_image
from gpusetup.machine.kernel.builds import read_builds
from gpusetup.machine.kernel.certificate import common_names, last_day
from gpusetup.machine.kernel.journal import read_journal
from gpusetup.machine.kernel.log import read_earlier_log, read_kernel_log
from gpusetup.machine.kernel.modprobe import read_modprobe
from gpusetup.machine.kernel.module_file import read_module_file
from gpusetup.machine.kernel.next_release import read_next_release
from gpusetup.machine.kernel.running import read_kernel
from gpusetup.machine.kernel.secure_boot import read_mok, read_secure_boot
from gpusetup.machine.model import Library, Machine, Unread
from gpusetup.machine.nvml.client import collect, nothing
from gpusetup.machine.packages.installed import find_owners, read_packages
from gpusetup.machine.software.distributions import read_distributions
from gpusetup.machine.software.elf import section
from gpusetup.machine.software.elf_dynamic import read_dynamic
from gpusetup.machine.software.libc import read_libc
from gpusetup.machine.software.libraries import read_cached
from gpusetup.machine.software.toolkits import read_toolkits
from gpusetup.machine.software.wheels import read_owned
from gpusetup.machine.system import operating_system, processor, security, surroundings, upkeep
from gpusetup.machine.without_driver import read_beside
from gpusetup.machine.worker import WorkerExit, decode_lines
from gpusetup.render.container.wheels import read_wheels
from gpusetup.render.model import Recipe
from gpusetup.render.steps import recipe
from gpusetup.resolve import lock
from gpusetup.resolve.model import Environment, Stack
from gpusetup.selftest.model import Record
from gpusetup.selftest.proof import Proof
from gpusetup.value import load, to_json
from tests.doctor.machines import HERE as DOCTOR
from tests.doctor.machines import machine
from tests.fake_host import WHOLE, grow
from tests.machine.fuzz import Target
from tests.selftest.test_selftest_proof import proof, run
from tests.stacks import laptop
from tests.support import found

RUNNING = "7.0.4-200.fc44.x86_64"
MODULE = f"/usr/lib/modules/{RUNNING}/extra/nvidia/nvidia.ko"
SITE = "/usr/lib64/python3.14/site-packages"
CARD = "/sys/devices/pci0000:00/0000:01:00.0"
CUDA = "/usr/lib64/libcuda.so.580.95.05"
NOBODY = Unread(unread="absent", source="")
DPKG = b"""Package: nvidia-driver
Status: install ok installed
Maintainer: Debian <x@example.org>
Version: 580.95.05-1

Package: podman
Status: hold ok installed
Version: 5.7
"""
SILENCES = b'[[silence]]\nrule = "PCI001"\nreason = "a riser"\nuntil = 2027-01-31\n'


def targets(folder: Path) -> list[Target]:
    """Return every reader; what they read from files is put into `folder`, best one in memory."""
    root = grow(folder / "root", WHOLE)
    return [*_of_host(root), *_of_files(folder), *_of_bytes()]


def _of_host(root: Path) -> list[Target]:
    host = Host(root)
    libraries = (Library(soname="libcuda.so.1", path=CUDA, version="", origin="default"),)
    nvml = nothing(NOBODY)
    readers: dict[str, Callable[[], object]] = {
        "/usr/lib/os-release": lambda: operating_system._os_release(host),
        "/proc/cpuinfo": lambda: _processor(host),
        "/proc/meminfo": lambda: processor.read_memory(host),
        "/proc/version": lambda: surroundings.read_virtualization(host, NOBODY),
        "/proc/modules": lambda: read_kernel(host),
        "/proc/cmdline": lambda: read_kernel(host),
        "/proc/devices": lambda: read_majors(host),
        "/proc/uptime": lambda: upkeep.read_uptime(host),
        "/proc/driver/nvidia/version": lambda: read_driver(host, nvml.driver, libraries),
        "/proc/driver/nvidia/params": lambda: read_driver(host, nvml.driver, libraries),
        "/proc/driver/nvidia/gpus/0000:01:00.0/information": lambda: read_bus(host),
        f"{CARD}/resource": lambda: read_bus(host),
        f"{CARD}/current_link_speed": lambda: read_bus(host),
        f"{CARD}/aer_dev_fatal": lambda: read_bus(host),
        "/sys/devices/pci0000:00/config": lambda: read_acs(host, "/sys/bus/pci/devices/0000:01:00.0"),
        "/usr/lib64/libc.so.6": lambda: read_libc(host),
        "/etc/ld.so.cache": lambda: read_cached(host),
        "/etc/cdi/nvidia.yaml": lambda: read_cdi(host),
        "/etc/docker/daemon.json": lambda: read_containers(host, NOBODY),
        "/etc/nvidia-container-runtime/config.toml": lambda: read_containers(host, NOBODY),
        "/usr/local/cuda-13.0/version.json": lambda: read_toolkits(host),
        "/usr/lib/sysimage/rpm/rpmdb.sqlite": lambda: find_owners(host, read_packages(host), [CUDA]),
        "/var/log/messages": lambda: (read_kernel_log(host), read_earlier_log(host)),
        "/var/log/audit/audit.log": lambda: security.read_selinux_denials(host),
        "/etc/modprobe.d/nvidia.conf": lambda: read_modprobe(host),
        "/etc/udev/rules.d/70-nvidia.rules": lambda: read_udev(host),
        "/boot/grub2/grubenv": lambda: read_next_release(host),
        "/var/lib/dkms/nvidia/580.95.05/build/make.log": lambda: read_builds(host),
        f"/usr/lib/modules/{RUNNING}/modules.dep": lambda: read_kernel(host),
        "/sys/firmware/efi/efivars/MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23": lambda: read_mok(host),
        "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c": lambda: read_secure_boot(host),
        **{
            f"{SITE}/{name}": lambda: read_distributions(host)
            for name in (
                "torch/version.py", "tensorflow/python/platform/build_info.py", "torch-2.14.0.dist-info/METADATA",
                "torch-2.14.0.dist-info/WHEEL", "torch-2.14.0.dist-info/INSTALLER",
            )
        },
        f"{SITE}/nvidia_cudnn_cu12-9.10.dist-info/RECORD": lambda: read_owned(host, read_distributions(host)),
        "/etc/os-release": lambda: read_beside(host, lambda: nvml),
    }  # fmt: skip
    found = [_file_target(root, path, read, WHOLE.get(path)) for path, read in readers.items()]
    return [*found, *_of_modules(root), *_of_packages(root)]


def _processor(host: Host) -> object:
    told = host.read_text("/proc/cpuinfo")
    return processor.read_cpu(told), processor.read_features(told), processor.count_cpus(host, told)


def _of_packages(root: Path) -> list[Target]:
    debian = root.parent / "debian"
    dpkg = _file_target(debian, "/var/lib/dpkg/status", lambda: read_packages(Host(debian)), DPKG)
    return [dpkg, _journal(root.parent / "journal")]


def _journal(root: Path) -> Target:
    raw = lzma.decompress(Path(__file__).with_name("journal.xz").read_bytes())
    path = f"/var/log/journal/{'d' * 32}/system.journal"
    if found("journalctl") is None:
        return Target("journal (no journalctl here)", (raw,), len)
    return _file_target(root, path, lambda: read_journal(Host(root), 0), raw)


def _of_modules(root: Path) -> list[Target]:
    plain = _object(root.parent)
    packed = {".ko": plain, ".ko.xz": lzma.compress(plain), ".ko.gz": gzip.compress(plain)}
    if found("zstd"):
        done = subprocess.run(["zstd", "-q", "-c"], input=plain, capture_output=True, check=True)
        packed[".ko.zst"] = done.stdout
    host = Host(root)
    shared = _file_target(root, "/m/lib.so", partial(read_dynamic, host, "/m/lib.so"), _object(root.parent, "-shared"))
    modules = [
        _file_target(root, f"/m/nvidia{ext}", partial(read_module_file, host, (f"/m/nvidia{ext}",), loaded=False), raw)
        for ext, raw in packed.items()
    ]
    return [shared, *modules]


def _object(folder: Path, kind: str = "-c") -> bytes:
    """Return a small object file with a .modinfo, and what looks like a signature; or a shared library."""
    if found("gcc") is None:
        return b"\x7fELF\x02\x01\x01" + bytes(200)
    source = '__attribute__((section(".modinfo"))) const char a[] = "version=580.95.05\\0license=NVIDIA\\0vermagic=7";'
    (folder / "m.c").write_text(source)
    subprocess.run(["gcc", kind, "-o", folder / "m.o", folder / "m.c"], check=True)
    return (folder / "m.o").read_bytes() + bytes(40) + b"~Module signature appended~\n"


def _file_target(root: Path, path: str, read: Callable[[], object], sample: object) -> Target:
    raw = sample.encode() if isinstance(sample, str) else sample if isinstance(sample, bytes) else b""
    place = root / path.lstrip("/")

    def put(given: bytes) -> object:
        if place.is_symlink():
            place.unlink()
        place.write_bytes(given)
        try:
            return read()
        finally:
            place.write_bytes(raw)

    place.parent.mkdir(parents=True, exist_ok=True)
    return Target(path, (raw or b"ID=fedora\nVERSION_ID=44\n",), put)


def _of_files(folder: Path) -> list[Target]:
    machines = tuple(path.read_bytes() for path in sorted((DOCTOR / "hosts").glob("*.json")))
    stack = laptop()
    rules = tuple(all_rules().values())
    environment = stack.environments[0]
    kinds: dict[str, tuple[tuple[bytes, ...], Callable[[Path], object]]] = {
        "saved machine, examined": (machines, lambda path: examine(load(path, Machine), rules)),
        "saved machine": (machines, lambda path: to_json(load(path, Machine))),
        "saved report": ((_report(),), lambda path: load(path, Report)),
        "saved stack": ((to_json(stack).encode(),), lambda path: load(path, Stack)),
        "saved recipe": ((to_json(recipe(stack)).encode(),), lambda path: load(path, Recipe)),
        "proof": ((_proof(),), lambda path: load(path, Proof)),
        "silences": ((SILENCES,), silence.load),
        "lock": ((_lock(stack),), lock.load),
        "wheels.txt": ((_wheels(environment),), lambda path: read_wheels(path, environment)),
        "image": (_archives(), lambda path: read_image(str(path), "x86_64")),
    }
    return [
        Target(name, samples, partial(_through, folder / f"{number}.input", read))
        for number, (name, (samples, read)) in enumerate(kinds.items())
    ]


def _through(path: Path, read: Callable[[Path], object], raw: bytes) -> object:
    path.write_bytes(raw)
    return read(path)


def _report() -> bytes:
    findings = examine(machine("desktop", {"gpus": {"0": {"temperature": 101}}}), tuple(all_rules().values()))
    return to_json(Report(gpusetup="0", machine="x", findings=tuple(findings)[:9])).encode()


def _proof() -> bytes:
    record = Record(step=0, kind="output", name="y", dtype="f8", shape=(1,), digest="00", largest=1.0, sample=(1.0,))
    return to_json(proof(run("pytorch", record), run("jax", record))).encode()


def _wheels(environment: Environment) -> bytes:
    lines = (f"{one.text} \\\n    --hash=sha256:{'a' * 64}\n" for one in environment.requirements)
    return "".join(lines).encode()


def _lock(stack: Stack) -> bytes:
    made = lock.Lock(gpusetup="0", profile={"laptop": lock.profile(stack, facts())})
    return lock.dump(made).encode()


def _archives() -> tuple[bytes, ...]:
    config = json.dumps({"architecture": "amd64", "config": {"Labels": {"a": "b"}, "Env": ["CUDA_VERSION=13.2.1"]}})
    files = {"manifest.json": '[{"Config": "c.json", "RepoTags": ["lab/a:1"]}]', "c.json": config, "layer": "x" * 999}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    raw = buffer.getvalue()
    return raw, gzip.compress(raw), lzma.compress(raw), bz2.compress(raw), config.encode()


def _of_bytes() -> list[Target]:
    lines = b'["call","nvmlInit"]\n["read","count",1]\n["read","gpu",0,"name","H100"]\n["read","driver","nvml","580"]\n'
    inspect = json.dumps(
        [{"Architecture": "amd64", "Config": {"Labels": {"a": "b"}, "Env": ["A=b"]}, "RepoTags": ["x:1"]}]
    )
    return [
        Target("certificate", (b"\x06\x03U\x04\x03\x0c\x04akmo\x17\x0d200101000000Z\x17\x0d360101000000Z",),
               lambda raw: (common_names(raw), last_day(raw))),
        Target("ELF section", (b"\x7fELF\x02\x01\x01" + bytes(99),), lambda raw: section(raw, ".modinfo")),
        Target("the driver's answers", (lines,), _collected),
        Target("image inspect", (inspect.encode(),), lambda raw: described(raw, "x")),
        Target("requirement", (b"nvidia-cudnn-cu13[a]==9.13.0; os_name=='posix'",),
               lambda raw: unmet(raw.decode(errors="replace"), {"nvidia-cudnn-cu13": "9.13.0"}, "x86_64")),
    ]  # fmt: skip


def _collected(raw: bytes) -> object:
    lines = [line for line in decode_lines(raw) if line and line[0] == "read"]
    try:
        return collect(WorkerExit(lines, "nvmlInit", "fine", ""))
    except msgspec.ValidationError:
        return None
