"""A folder is data: nothing in it is run or loaded, opened that is no file, left by a swap, or read without end."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from gpusetup.errors import WrongInputError
from gpusetup.machine import budget, sysroot, without_driver
from gpusetup.machine import reader as reading
from gpusetup.machine.host import Host
from gpusetup.machine.model import Package, Reading, Unread
from gpusetup.machine.read import read
from gpusetup.machine.software.wheels import read_installer
from gpusetup.machine.sysroot import Root
from gpusetup.machine.worker import Channel, Worker
from tests.fake_host import FEDORA, WHOLE, Content, Link, grow
from tests.machine.hostile import hostile_host
from tests.support import Run, tool

COMMANDS = (
    ("doctor",), ("detect",), ("plan",), ("install",), ("container",), ("why", "torch==2.14.1"), ("licences",)
)  # fmt: skip
SOMEBODY = 61001
NO_DRIVER = os.makedev(99, 99)
"""No driver has this number, so that to open the device fails in a way of its own (ENXIO)."""


def unread(value: object) -> Unread:
    assert isinstance(value, Unread)
    return value


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A hostile host, and the file in which whatever runs of it leaves a mark."""
    tool("gcc")
    folder = tmp_path_factory.mktemp("hostile")
    return hostile_host(folder, folder / "mark"), folder / "mark"


def test_what_runs_of_the_hostile_host_leaves_a_mark(hostile: tuple[Path, Path]) -> None:
    root, mark = hostile
    subprocess.run([root / "usr/bin/nvidia-smi"], check=True)
    subprocess.run(
        [sys.executable, "-c", f"import ctypes; ctypes.CDLL('{root}/usr/lib64/libnvidia-ml.so.1')"], check=True
    )
    subprocess.run([sys.executable, "-c", "import msgspec"], cwd=root, check=True)
    assert len(mark.read_text().splitlines()) >= 3
    mark.unlink()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_no_command_runs_or_loads_what_lies_in_a_folder(
    command: tuple[str, ...], hostile: tuple[Path, Path], gpusetup: Run
) -> None:
    root, mark = hostile
    done = gpusetup(*command, "--sysroot", root)
    assert done.returncode in {0, 1, 3, 4}, done.stderr
    assert not mark.exists(), mark.read_text()


def test_the_kernel_is_asked_to_run_or_map_nothing_of_a_folder(hostile: tuple[Path, Path], tmp_path: Path) -> None:
    root, _ = hostile
    trace, script = tmp_path / "trace", Path(sys.executable).with_name("gpusetup")
    calls: list[str | Path] = [tool("strace"), "-f", "-y", "-e", "trace=execve,execveat,mmap,open,openat", "-o", trace]
    subprocess.run([*calls, script, "doctor", "--sysroot", root], stdout=subprocess.DEVNULL, check=False)
    lines = trace.read_text(errors="replace").splitlines()
    ours = [line for line in lines if str(root) in line]
    assert len(ours) > 100, "the folder was read"
    assert not [line for line in ours if "exec" in line.partition("(")[0] or "PROT_EXEC" in line]
    assert [line for line in lines if "PROT_EXEC" in line], "what is loaded is seen"


def test_the_version_of_a_folders_driver_is_read_as_data(hostile: tuple[Path, Path]) -> None:
    machine = read(hostile[0], 5)
    assert machine.driver.kernel_module == "580.95.05"
    told = unread(machine.gpus)
    assert (told.unread, told.source) == ("unsupported", "/usr/lib64/libnvidia-ml.so.1")


class Swapped:
    """A folder in which ``etc`` is now a folder and now a link that leads out."""

    def __init__(self, place: Path) -> None:
        tree: dict[str, Content] = {"/outside/passwd": "outside", "/root/etc/passwd": "inside"}
        grow(place, tree | {"/root/away": Link(str(place / "outside"))})
        self.root = place / "root"

    def swap(self) -> None:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
        names = (os.fsencode(self.root / name) for name in ("etc", "away"))
        assert renameat2(-100, next(names), -100, next(names), 2) == 0  # RENAME_EXCHANGE


@pytest.fixture(params=["kernel", "step by step"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways in which a path is followed; the second is for kernels before 5.6."""
    if request.param != "kernel":
        monkeypatch.setattr(sysroot, "OPENAT2", 100_000)  # no such call: ENOSYS
    return str(request.param)


def test_the_other_way_is_taken_where_the_kernel_has_no_openat2(way: str, tmp_path: Path) -> None:
    assert Root(str(tmp_path))._kernel_resolves is (way == "kernel")


def test_links_are_followed_alike_in_both_ways(way: str, tmp_path: Path) -> None:
    links = {"/link": Link("/a/b"), "/up": Link("../../a/./b/../b"), "/loop": Link("loop/x")}
    host = Host(grow(grow(tmp_path, {"/a/b/file": "1"}), links))
    assert [host.read_line(f"/{name}/file") for name in ("a/b", "link", "up", "a/../link")] == ["1"] * 4
    assert (host.resolve("/up/none/../x"), host.resolve("/loop")) == ("/a/b/x", "/loop")
    assert unread(host.read_text("/loop/file")).detail == "Too many levels of symbolic links"
    assert unread(host.read_text("/a/b/file/x")).unread == unread(host.read_text("/link/none")).unread == "absent"
    assert host.names("/link") == ("file",)
    assert host.readlink("/link") == "/a/b"
    assert host.may("/link/file", os.R_OK)


def test_a_swap_while_it_is_read_leads_nowhere_else(way: str, tmp_path: Path) -> None:
    swapped = Swapped(tmp_path)
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            swapped.swap()

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        host = Host(swapped.root)
        seen = {host.read_line("/etc/passwd") for _ in range(3000)}
    finally:
        done.set()
        thread.join()
    assert "inside" in seen
    assert "outside" not in seen


@pytest.mark.parametrize("at", range(8))
def test_a_swap_between_any_two_steps_leads_nowhere_else(
    at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sysroot, "OPENAT2", 100_000)
    swapped = Swapped(tmp_path)
    host = Host(swapped.root)
    host.exists("/etc")
    calls = iter(range(100))
    real = os.open

    def swap_then_open(*args: object, **options: object) -> int:
        if next(calls) == at:
            swapped.swap()
        return real(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", swap_then_open)
    assert host.read_line("/etc/passwd") != "outside"
    assert host.names("/etc") in {("passwd",), ()}


def test_the_root_is_the_folder_that_was_named_whatever_takes_its_place(way: str, tmp_path: Path) -> None:
    grow(tmp_path, {"/root/file": "inside", "/other/file": "outside"})
    host = Host(tmp_path / "root")
    assert host.read_line("/file") == "inside"
    (tmp_path / "root").rename(tmp_path / "moved")
    (tmp_path / "root").symlink_to("other")
    assert host.read_line("/file") == "inside"


@pytest.fixture
def without_proc(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Lets /proc be missing, as in a bare chroot; what is given is done when it would have been used."""
    meanwhile: list[Callable[[], object]] = []
    real = os.open

    def open_elsewhere(path: str, *rest: int, **options: int) -> int:
        if str(path).startswith("/proc/"):
            for one in meanwhile:
                one()
            raise FileNotFoundError(2, "No such file or directory")
        return real(path, *rest, **options)

    monkeypatch.setattr(os, "open", open_elsewhere)
    monkeypatch.setattr(os.path, "lexists", lambda path: not str(path).startswith("/proc/"))
    return meanwhile.append


def test_a_chroot_without_proc_reads_the_same(
    way: str, without_proc: Callable[[Callable[[], object]], None], tmp_path: Path
) -> None:
    grow(tmp_path, {"/a/file": "1"})
    grow(tmp_path, {"/link": Link("/a/file")})
    for host, path in ((Host(tmp_path), "/link"), (Host(Path("/")), str(tmp_path / "a/file"))):
        assert host.read_line(path) == "1"
        assert host.may(path, os.R_OK)
    assert not Host(tmp_path).may("/link", os.X_OK)


def test_what_is_swapped_in_a_chroot_without_proc_is_not_read(
    way: str, without_proc: Callable[[Callable[[], object]], None], tmp_path: Path
) -> None:
    grow(tmp_path, {"/file": "first", "/other": "second"})
    without_proc(lambda: (tmp_path / "other").replace(tmp_path / "file"))
    assert unread(Host(tmp_path).read_text("/file")).detail == "changed while it was read"


@pytest.fixture
def device(tmp_path: Path) -> Path:
    try:
        os.mknod(tmp_path / "device", 0o020666, NO_DRIVER)
    except PermissionError:
        pytest.skip("only root may make a device node")
    return tmp_path / "device"


def test_a_device_is_never_opened(way: str, device: Path) -> None:
    with pytest.raises(OSError, match="No such device or address"):
        os.open(device, os.O_RDONLY | os.O_NONBLOCK)
    grow(device.parent, {"/etc/os-release": Link("/device")})
    for host, path in ((Host(device.parent), "/etc/os-release"), (Host(Path("/")), str(device))):
        assert unread(host.read_text(path)).detail == "not a regular file"
    assert unread(read(device.parent, 5).system.distro).unread == "absent", "there is no other file of that kind"


def test_links_of_proc_lead_nowhere(way: str, tmp_path: Path) -> None:
    grow(tmp_path, {"/secret": "x", "/proc/self/root": Link("/"), "/proc/self/fd/0": Link("/secret")})
    assert Host(tmp_path).read_line("/proc/self/fd/0") == "x", "one that is only called so is a link like any other"
    assert isinstance(Host(Path("/proc")).read_text("/self/root/etc/passwd"), Unread)


@pytest.fixture
def environment(tmp_path: Path) -> Callable[[dict[str, object]], Path]:
    """Makes a wheel's metadata folder that belongs to somebody else."""
    if os.geteuid() != 0:
        pytest.skip("only root reads what others may not")

    def make(tree: dict[str, object]) -> Path:
        folder = grow(tmp_path / "env", tree) / "torch-2.dist-info"  # type: ignore[arg-type]
        for path in (folder.parent, folder, *folder.iterdir()):
            os.chown(path, SOMEBODY, SOMEBODY, follow_symlinks=False)
        return folder

    return make


def test_a_users_link_does_not_show_root_what_is_roots(
    environment: Callable[[dict[str, object]], Path], tmp_path: Path
) -> None:
    (tmp_path / "shadow").write_text("secretword\n")
    folder = environment({"/torch-2.dist-info/INSTALLER": Link(str(tmp_path / "shadow"))})
    assert read_installer(Host(Path("/")), str(folder)) == ""
    assert unread(Host(Path("/")).read_bytes(f"{folder}/INSTALLER", owner=SOMEBODY)).unread == "denied"


def test_a_folder_that_comes_later_is_nobodys(tmp_path: Path) -> None:
    owner = Host(Path("/")).owner(str(tmp_path / "torch-2.dist-info"))
    grow(tmp_path, {"/torch-2.dist-info/INSTALLER": "pip"})
    told = Host(Path("/")).read_bytes(str(tmp_path / "torch-2.dist-info/INSTALLER"), owner=owner)
    assert unread(told).unread == "denied"


def test_a_users_own_files_are_read(environment: Callable[[dict[str, object]], Path]) -> None:
    folder = environment({"/torch-2.dist-info/INSTALLER": "Poetry 1.8.2\n"})
    assert read_installer(Host(Path("/")), str(folder)) == "poetry"


@pytest.mark.parametrize("said", ["root:$y$j9T$abc", "<b>", "", "\x1b[2J", "x" * 41])
def test_who_installed_a_wheel_is_one_word(tmp_path: Path, said: str) -> None:
    grow(tmp_path, {"/x.dist-info/INSTALLER": said})
    assert read_installer(Host(tmp_path), "/x.dist-info") == ""


BIG = 1 << 20
SITE = "/usr/lib64/python3.14/site-packages"
CARD = "/sys/devices/pci0000:00/0000:01:00.0"
LONG: dict[str, str | bytes] = {
    "/etc/nvidia-container-runtime/config.toml": "\n" * BIG,
    "/usr/local/cuda-13.0/version.json": '"cuda":{' * (BIG // 8),
    "/usr/local/cuda-13.0/version.txt": "CUDA Version " * (BIG // 13),
    "/proc/driver/nvidia/version": "Kernel Module " * (BIG // 14),
    f"{SITE}/torch/version.py": "cuda:\n" * (BIG // 6),
    f"{SITE}/tensorflow/python/platform/build_info.py": "'cuda_version': " * (BIG // 16),
    "/proc/cpuinfo": "flags " * (BIG // 6),
    "/proc/modules": "nvidia " * (BIG // 7),
    "/etc/cdi/nvidia.yaml": "hostPath: /x/" * (BIG // 13),
    "/etc/modprobe.d/nvidia.conf": "options nvidia " * (BIG // 15),
    "/usr/lib/modules/7.0.4-200.fc44.x86_64/modules.dep": b"nvidia.ko" * (BIG // 9),
    "/var/log/messages": b"kernel: [ NVRM: Xid " * (BIG // 5),
    "/var/log/audit/audit.log": b"avc:  denied nvidia " * (BIG // 5),
    f"{CARD}/aer_dev_fatal": "TOTAL_ERR_FATAL " * (BIG // 16),
    "/var/lib/dpkg/status": b"Package: nvidia-x\nStatus: install ok installed\n\n" * (BIG // 2),
}  # fmt: skip


@pytest.mark.parametrize("path", LONG)
def test_a_long_text_of_its_own_words_keeps_no_reader_busy(path: str, tmp_path: Path) -> None:
    tree = {name: content for name, content in WHOLE.items() if "rpmdb" not in name or "dpkg" not in path}
    root = grow(tmp_path, tree | {path: LONG[path]})
    before = os.times().children_user
    machine = read(root, 5)
    assert os.times().children_user - before < 6, "seconds of processor time; the slowest took minutes"
    assert not isinstance(machine.packages, Unread) or "dpkg" in path


def test_a_linkers_cache_of_a_hundred_thousand_libraries_is_refused(tmp_path: Path) -> None:
    count = 100_000
    entry = (
        b"\0" * 4 + (48 + 24 * count).to_bytes(4, "little") + (48 + 24 * count + 13).to_bytes(4, "little") + b"\0" * 12
    )
    cache = b"glibc-ld.so.cache1.1" + count.to_bytes(4, "little") + b"\0" * 24 + entry * count
    grow(tmp_path, FEDORA | {"/etc/ld.so.cache": cache + b"libcuda.so.1\0/usr/lib64/libcuda.so.1\0"})
    assert "names more than" in unread(read(tmp_path, 5).libraries_gone).detail


def spin(*_: object) -> Reading[tuple[Package, ...]]:
    while True:
        pass


def swallow(*_: object) -> Reading[tuple[Package, ...]]:
    kept = [bytearray(8 << 20)]
    while True:
        kept.append(bytearray(8 << 20))


@pytest.mark.slow
@pytest.mark.parametrize(("reader", "words"), [(spin, "0.5 s of processor time"), (swallow, "512 MiB of memory")])
def test_a_reading_that_takes_too_much_is_unread_and_the_rest_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: Callable[..., object], words: str
) -> None:
    monkeypatch.setattr(budget, "SECONDS", 0.5 if reader is spin else 20.0)
    monkeypatch.setattr(without_driver, "read_packages", reader)
    machine = read(grow(tmp_path, FEDORA), 5)
    told = unread(machine.packages)
    assert (told.unread, told.detail) == ("failed", f"exceeded {words}")
    assert machine.system.distro == "fedora"


@pytest.mark.slow
@pytest.mark.parametrize(("reader", "words"), [(spin, "1 s of processor time"), (swallow, "512 MiB of memory")])
def test_a_folder_that_takes_too_much_is_refused_by_what_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: Callable[..., object], words: str
) -> None:
    monkeypatch.setattr(reading, "PROCESSOR_SECONDS", 1)
    monkeypatch.setattr(without_driver, "read_toolkits", reader)
    with pytest.raises(WrongInputError, match=f"toolkits exceeded {words}"):
        read(grow(tmp_path, FEDORA), 5)


def test_a_folder_that_never_answers_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SECONDS", 0.5)
    monkeypatch.setattr(without_driver, "read_toolkits", lambda _: time.sleep(60))
    with pytest.raises(WrongInputError, match=r"reading toolkits did not finish \(no answer within 1 s\)"):
        read(grow(tmp_path, FEDORA), 0.5)


def test_a_fault_of_ours_is_not_taken_for_the_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(without_driver, "read_toolkits", lambda _: 1 // 0)
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        read(grow(tmp_path, FEDORA), 5)


def test_a_child_that_floods_its_pipe_is_ended() -> None:
    outcome = Worker(partial(_flood, b"x" * (1 << 20)), 30).wait()
    assert (outcome.ended, outcome.detail) == ("crash", "it sent more than 32 MiB")
    assert outcome.lines == []


def _flood(piece: bytes, tell: Channel) -> None:
    while True:
        os.write(tell.pipe, piece)
