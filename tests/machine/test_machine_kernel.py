"""The kernel: what boots next, what was built and signed, what modprobe is told, what the log holds."""

from __future__ import annotations

import gzip
import lzma
import random
import struct
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

from gpusetup.doctor.rule import known
from gpusetup.machine.host import Host
from gpusetup.machine.kernel import module_file, unpack
from gpusetup.machine.kernel.builds import read_builds
from gpusetup.machine.kernel.certificate import common_names
from gpusetup.machine.kernel.modprobe import read_modprobe
from gpusetup.machine.kernel.running import read_kernel
from gpusetup.machine.model import Kernel, ModuleBuild, Unread
from gpusetup.machine.read import read
from tests.fake_host import FEDORA, Content, Link, grow
from tests.support import tool

RUNNING = "7.0.4-200.fc44.x86_64"


NEWER = "7.0.10-200.fc44.x86_64"


MODULES = f"/lib/modules/{RUNNING}/extra/nvidia"


BASE: dict[str, Content] = {
    "/proc/sys/kernel/osrelease": f"{RUNNING}\n",
    f"/lib/modules/{RUNNING}/vmlinuz": "",
    f"/lib/modules/{NEWER}/vmlinuz": "",
    "/lib/modules/7.1.0-left-over/modules.dep": "",
}


def kernel(root: Path, tree: dict[str, Content]) -> Kernel:
    return read_kernel(Host(grow(root, BASE | tree)))


def test_the_newest_kernel_boots_next_by_its_numbers(tmp_path: Path) -> None:
    assert kernel(tmp_path, {}).next_release == NEWER


@pytest.mark.parametrize("place", ["/boot/grub2/grubenv", "/boot/grub/grubenv"])
def test_the_boot_loaders_choice_comes_before_the_newest(tmp_path: Path, place: str) -> None:
    tree: dict[str, Content] = {
        place: f"# GRUB Environment Block\nsaved_entry=0123abcd-{RUNNING}\nboot_success=1\n####"
    }
    assert kernel(tmp_path, tree).next_release == RUNNING


def test_a_choice_for_once_comes_before_the_saved_one(tmp_path: Path) -> None:
    tree: dict[str, Content] = {"/boot/grub2/grubenv": f"saved_entry=id-{RUNNING}\nnext_entry=id-{NEWER}\n"}
    assert kernel(tmp_path, tree).next_release == NEWER


def test_no_kernel_is_installed_in_a_container(tmp_path: Path) -> None:
    told = read_kernel(Host(tmp_path)).next_release
    assert isinstance(told, Unread)
    assert told.unread == "absent"


def test_builds_are_told_as_akmods_and_dkms_leave_them(tmp_path: Path) -> None:
    cache, tree = "/var/cache/akmods/nvidia", "/var/lib/dkms/nvidia"
    stopped = f"{tree}/575.64/build/make.log"
    read = kernel(
        tmp_path,
        {
            f"{cache}/580.95.05-1-for-{RUNNING}.log": "",
            f"{cache}/580.95.05-1-for-{NEWER}.failed.log": "error: implicit declaration",
            f"{cache}/kmod-nvidia-{RUNNING}-580.95.05-1.fc44.x86_64.rpm": "",
            f"{tree}/570.1/source": Link("/usr/src/nvidia-570.1"),
            f"{tree}/575.64/{RUNNING}/x86_64/module/nvidia.ko": "",
            stopped: f"DKMS (dkms-3.2.2) make.log for nvidia/575.64 for kernel {NEWER} (x86_64)\nmake: ***\n",
        },
    ).builds
    assert not isinstance(read, Unread)
    failed = f"{cache}/580.95.05-1-for-{NEWER}.failed.log"
    log = f"{tree}/575.64/{RUNNING}/x86_64/log/make.log"
    assert set(read) == {
        ModuleBuild(
            tool="akmods",
            module="nvidia",
            version="580.95.05-1",
            kernel=RUNNING,
            state="built",
            log=f"{cache}/580.95.05-1-for-{RUNNING}.log",
        ),
        ModuleBuild(
            tool="akmods",
            module="nvidia",
            version="580.95.05-1",
            kernel=NEWER,
            state="failed",
            log=failed,
            errors=("error: implicit declaration",),
        ),
        ModuleBuild(tool="dkms", module="nvidia", version="570.1", kernel="", state="added", log=""),
        ModuleBuild(tool="dkms", module="nvidia", version="575.64", kernel=RUNNING, state="built", log=log),
        ModuleBuild(tool="dkms", module="nvidia", version="575.64", kernel=NEWER, state="failed", log=stopped),
    }


HEAD = f"DKMS (dkms-3.2.2) make.log for nvidia-current/550.163.01 for kernel {NEWER} (x86_64)\n"


@pytest.mark.parametrize(
    ("rest", "state"),
    [
        ("  CC [M] nv.o\n", "building"),
        ("", "building"),
        ("  CC [M] nv.o\n\n# exit code: 2\n# elapsed time: 00:17:05\n", "failed"),
        ("nv.c:1:2: error: x\nmake: *** [Makefile:82: modules] Error 2\n", "failed"),
    ],
)
def test_a_build_whose_log_has_no_end_is_still_going_on(tmp_path: Path, rest: str, state: str) -> None:
    log = "/var/lib/dkms/nvidia-current/550.163.01/build/make.log"
    (read,) = known(kernel(tmp_path, {log: HEAD + rest}).builds)
    assert (read.state, read.kernel, read.module) == (state, NEWER, "nvidia-current")


def test_of_a_long_build_log_the_telling_lines_are_kept(tmp_path: Path) -> None:
    log = "/var/lib/dkms/nvidia/580.95.05/build/make.log"
    noise = "  CONFTEST: error_thing\n" * 5_000
    wrong = "".join(f"nv.c:{number}: error: {'x' * 400}\n" for number in range(100))
    (read,) = known(kernel(tmp_path, {log: HEAD + noise + wrong + "# exit code: 2\n"}).builds)
    assert not isinstance(read.errors, Unread)
    assert len(read.errors) == 20
    assert read.errors[0].startswith("nv.c:0: error: xxx")
    assert max(map(len, read.errors)) == 300


def test_a_build_log_that_may_not_be_read_is_no_build_that_goes_on(ordinary_user: Path) -> None:
    log = "var/lib/dkms/nvidia/580.95.05/build/make.log"
    grow(ordinary_user, {f"/{log}": HEAD})
    (ordinary_user / log).chmod(0)
    (read,) = known(read_builds(Host(ordinary_user)))
    assert read.state == "failed"
    assert isinstance(read.errors, Unread)


@pytest.mark.parametrize("flavour", ["nvidia-current-open", "nvidia-tesla-535", "nvidia-legacy-470xx", "nvidia-open"])
def test_each_of_debians_flavours_is_nvidias_module(tmp_path: Path, flavour: str) -> None:
    made = kernel(tmp_path, {f"/lib/modules/{RUNNING}/updates/dkms/{flavour}.ko": b"\x7fELF"})
    assert f"{flavour}.ko" in made.modules_on_disk[RUNNING]
    assert f"/{flavour}.ko" in known(made.module_file.path)


@pytest.mark.parametrize("top", ["/run/booted-system/kernel-modules/lib/modules", "/run/nvidia/driver/lib/modules"])
def test_modules_of_nixos_and_of_a_drivers_container_are_found(tmp_path: Path, top: str) -> None:
    made = kernel(tmp_path, {f"{top}/{RUNNING}/misc/nvidia.ko": b"\x7fELF"})
    assert "nvidia.ko" in made.modules_on_disk[RUNNING]


@pytest.mark.parametrize("place", ["/var/cache/akmods", "/var/lib/dkms", "/etc/modprobe.d"])
def test_a_folder_that_may_not_be_listed_is_not_an_empty_one(ordinary_user: Path, place: str) -> None:
    grow(ordinary_user, {place: None})
    host = Host(ordinary_user)
    assert (read_builds(host), read_modprobe(host)) == ((), ())
    (ordinary_user / place.lstrip("/")).chmod(0)
    told = read_modprobe(host) if "modprobe" in place else read_builds(host)
    (ordinary_user / place.lstrip("/")).chmod(0o755)
    assert isinstance(told, Unread)
    assert (told.unread, told.source) == ("denied", place)


def test_modprobe_is_read_in_its_own_order(tmp_path: Path) -> None:
    told = kernel(
        tmp_path,
        {
            "/usr/lib/modprobe.d/nvidia.conf": "blacklist nouveau\n",
            "/etc/modprobe.d/nvidia.conf": "# blacklist nvidia\noptions nvidia NVreg_X=1\noptions snd index=0\n",
            "/etc/modprobe.d/aaa.conf": "  install nouveau /bin/false\n",
            "/etc/modprobe.d/ignored.txt": "blacklist nvidia\n",
        },
    ).modprobe
    assert told == (
        ("/etc/modprobe.d/aaa.conf", "install nouveau /bin/false"),
        ("/etc/modprobe.d/nvidia.conf", "options nvidia NVreg_X=1"),
    )


def test_the_log_keeps_what_concerns_a_gpu_and_no_argument(tmp_path: Path) -> None:
    start = "Nov 22 05:00:00 host kernel: "
    told = kernel(
        tmp_path,
        {
            "/var/log/messages": f"{start}[    0.0] Kernel command line: nvidia-drm.modeset=1 rd.luks.key=secret\n"
            f"{start}[    1.0] usb 1-1: new device\n"
            f"{start}[    2.0] NVRM: Xid (PCI:0000:01:00): 79, GPU has fallen off the bus.\n"
            f"{start}[    3.0] pcieport 0000:00:01.0: AER: Corrected error received\n"
        },
    ).log
    assert told == (
        "[    2.0] NVRM: Xid (PCI:0000:01:00): 79, GPU has fallen off the bus.",
        "[    3.0] pcieport 0000:00:01.0: AER: Corrected error received",
    )


@pytest.fixture(scope="module")
def signed_module(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A module that gcc has compiled and openssl has signed, as the kernel's own tools do it."""
    gcc = tool("gcc")
    tool("openssl")
    folder = tmp_path_factory.mktemp("module")
    entries = "".join(
        f'static const char e{i}[] __attribute__((section(".modinfo"), used)) = "{entry}";\n'
        for i, entry in enumerate(("license=Dual MIT/GPL", "supported=external", "version=580.95.05"))
    )
    (folder / "m.c").write_text(entries)
    subprocess.run([gcc, "-c", "-o", "m.ko", "m.c"], cwd=folder, check=True)
    certificate = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout k.pem -out c.pem -subj /O=akmods/CN=host-1234"
    )
    subprocess.run(certificate.split(), cwd=folder, check=True, capture_output=True)
    sign = "openssl cms -sign -binary -noattr -nocerts -in m.ko -signer c.pem -inkey k.pem -outform DER -out s.der"
    subprocess.run(sign.split(), cwd=folder, check=True)
    signature = (folder / "s.der").read_bytes()
    info = struct.pack(">5B3xI", 0, 0, 2, 0, 0, len(signature))
    return (folder / "m.ko").read_bytes() + signature + info + b"~Module signature appended~\n"


def test_a_module_tells_version_licence_and_signer(tmp_path: Path, signed_module: bytes) -> None:
    told = kernel(tmp_path, {f"{MODULES}/nvidia.ko": signed_module}).module_file
    assert (told.path, told.version, told.license, told.signer) == (
        f"{MODULES}/nvidia.ko",
        "580.95.05",
        "Dual MIT/GPL",
        "host-1234",
    )


def test_an_unsigned_module_has_no_signer(tmp_path: Path, signed_module: bytes) -> None:
    unsigned = signed_module[: signed_module.rindex(b"\x30\x82", 0, len(signed_module))]
    told = kernel(tmp_path, {f"{MODULES}/nvidia.ko": unsigned}).module_file
    assert (told.version, told.signer) == ("580.95.05", "")


def packed(raw: bytes, packer: str, folder: Path) -> bytes:
    """Return `raw` packed; ``zstd FILE`` says the size, which of a pipe it does not know."""
    if packer != "zst":
        # at their least effort: the format is the same, and unpacking is what is tried
        return lzma.compress(raw, preset=0) if packer == "xz" else gzip.compress(raw, compresslevel=1)
    tool("zstd")
    (folder / "m.ko").write_bytes(raw)
    subprocess.run(["zstd", "-q", folder / "m.ko"], check=True)
    return (folder / "m.ko.zst").read_bytes()


@pytest.mark.parametrize("packer", ["xz", "gz", "zst"])
def test_a_small_packed_module_speaks_for_the_big_one(tmp_path: Path, signed_module: bytes, packer: str) -> None:
    tree: dict[str, Content] = {
        f"{MODULES}/nvidia.ko.{packer}": b"not unpacked" * 100_000,
        f"{MODULES}/nvidia-peermem.ko.{packer}": packed(signed_module, packer, tmp_path),
    }
    told = kernel(tmp_path / "host", tree).module_file
    assert (told.path, told.version, told.signer) == (f"{MODULES}/nvidia.ko.{packer}", "580.95.05", "host-1234")
    assert isinstance(told.license, Unread)
    assert told.license.unread == "failed"


def test_a_module_that_unpacks_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpusetup.machine.kernel.module_file.BIG", 8 << 20)
    tree: dict[str, Content] = {f"{MODULES}/nvidia.ko.gz": gzip.compress(bytes(64 << 20))}
    told = kernel(tmp_path, tree).module_file
    assert isinstance(told.license, Unread)
    assert "more than 8 MiB" in told.license.detail


MODINFO = b"\0license=Dual MIT/GPL\0alias=pci:v000010DE*\0version=580.95.05\0vermagic=6.17.1 SMP\0"
DECOY = b"\0license=server.example:7070\0"


def big_module(at: int, modinfo: bytes = MODINFO) -> bytes:
    """Return a module of six pieces, with its .modinfo at `at` and something like a licence far from it.

    The same noise again and again: new one would take seconds to pack.
    """
    noise = random.Random(7).randbytes(1 << 16).replace(b"\0license=", b"") * 96
    return noise[:70_000] + DECOY + noise[70_000:at] + modinfo + noise[at:]


@cache
def big_packed(at: int, packer: str, modinfo: bytes = MODINFO) -> bytes:
    """Return `big_module` packed, which takes most of a test's time."""
    with tempfile.TemporaryDirectory() as folder:
        return packed(big_module(at, modinfo), packer, Path(folder))


@pytest.mark.slow
@pytest.mark.parametrize("packer", ["xz", "gz", "zst"])
@pytest.mark.parametrize("at", [200_000, (1 << 20) - 60, (4 << 20) - 100, 5 << 20])
def test_a_big_packed_module_that_is_not_loaded_tells_its_licence(tmp_path: Path, packer: str, at: int) -> None:
    tree: dict[str, Content] = {f"{MODULES}/nvidia.ko.{packer}": big_packed(at, packer)}
    assert kernel(tmp_path / "host", tree).module_file.license == "Dual MIT/GPL"
    tree["/proc/driver/nvidia/version"] = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05\n"
    loaded = kernel(tmp_path / "loaded", tree).module_file.license
    assert isinstance(loaded, Unread)
    assert loaded.unread == "unsupported"


@pytest.mark.slow
@pytest.mark.parametrize("packer", ["xz", "gz", "zst"])
@pytest.mark.parametrize(
    ("change", "why"),
    [("cut", "failed"), ("slow", "timeout"), ("no entry", "failed"), ("no library", "unsupported")],
)
def test_a_big_packed_module_that_cannot_be_unpacked_says_why(
    tmp_path: Path, packer: str, change: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = big_packed(5 << 20, packer, b"" if change == "no entry" else MODINFO)
    if change == "slow":
        monkeypatch.setattr(module_file, "SECONDS", 0.0)
    if change == "no library":
        monkeypatch.setattr(unpack, "ZSTD", "libnothing.so.1")
    tree: dict[str, Content] = {f"{MODULES}/nvidia.ko.{packer}": raw[: len(raw) // 2] if change == "cut" else raw}
    told = kernel(tmp_path / "host", tree).module_file.license
    if change == "no library" and packer != "zst":
        assert told == "Dual MIT/GPL"
    else:
        assert isinstance(told, Unread)
        assert told.unread == why


@pytest.mark.parametrize("name", ["nvidia.ko", "nvidia.ko.xz", "nvidia.ko.gz", "nvidia.ko.zst"])
@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"\x7fELF\x02" + b"\xff" * 200, b"\xfd7zXZ\0" + b"\0" * 50])
def test_a_damaged_module_is_unread(tmp_path: Path, name: str, content: bytes) -> None:
    told = kernel(tmp_path, {f"{MODULES}/{name}": content}).module_file
    assert isinstance(told.version, Unread)
    assert told.path == f"{MODULES}/{name}"


def test_a_module_cut_anywhere_never_makes_us_fail(tmp_path: Path, signed_module: bytes) -> None:
    grow(tmp_path, BASE)
    place = tmp_path / MODULES.lstrip("/") / "nvidia.ko"
    place.parent.mkdir(parents=True)
    for length in range(0, len(signed_module), 37):
        place.write_bytes(signed_module[:length])
        assert read_kernel(Host(tmp_path)).module_file.path == f"{MODULES}/nvidia.ko"


@pytest.mark.parametrize(
    "der", [b"", b"\x06\x03\x55\x04\x03", b"\x06\x03\x55\x04\x03\x0c", b"\x06\x03\x55\x04\x03\x0c\x80a"]
)
def test_a_certificate_without_a_name_has_none(der: bytes) -> None:
    assert common_names(der) == ()


def test_modules_are_found_for_every_kernel_wherever_they_lie(tmp_path: Path) -> None:
    modules = "/usr/lib/modules"
    tree = FEDORA | {
        f"{modules}/7.0.4-200.fc44.x86_64/extra/nvidia/nvidia.ko.xz": "",
        f"{modules}/7.0.4-200.fc44.x86_64/extra/nvidia/nvidia-uvm.ko.xz": "",
        f"{modules}/7.0.4-200.fc44.x86_64/build": Link("/usr/src/kernels/7.0.4-200.fc44.x86_64"),
        "/usr/src/kernels/7.0.4-200.fc44.x86_64/Makefile": "",
        f"{modules}/7.0.9-200.fc44.x86_64/kernel/drivers/video/fbdev/nvidia/nvidiafb.ko.xz": "",
        f"{modules}/6.1.0-9/modules.dep": "updates/dkms/nvidia-current.ko: x.ko\nkernel/a/i2c-nvidia-gpu.ko.xz:\n",
    }
    kernel = read(grow(tmp_path, tree), 5).system.kernel
    assert kernel.modules_on_disk == {
        "6.1.0-9": ("nvidia-current.ko",),
        "7.0.4-200.fc44.x86_64": ("nvidia-uvm.ko.xz", "nvidia.ko.xz"),
        "7.0.9-200.fc44.x86_64": (),
    }
    assert kernel.headers is True


@pytest.mark.parametrize("uses", ["\u00b2", "-", "9" * 5_000, ""])
def test_a_use_count_that_is_no_number_makes_the_reading_no_failure(tmp_path: Path, uses: str) -> None:
    """`str.isdigit` takes a superscript for a digit, and `int` refuses it."""
    host = Host(grow(tmp_path, {"/proc/modules": f"nvidia 1 {uses} - Live 0x0\n"}))
    (module,) = known(read_kernel(host).modules)
    assert module.name == "nvidia"
