"""Whole machines: the live one, hosts that are folders, and machines that were saved."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import msgspec
import pytest

from gpusetup.errors import WrongInputError
from gpusetup.machine.host import Host
from gpusetup.machine.model import Machine, Module, Unread
from gpusetup.machine.read import read
from gpusetup.value import load, to_json
from tests.fake_driver import FakeDriver
from tests.fake_host import FEDORA, grow, nouveau_laptop
from tests.support import Run


def unread(value: object) -> Unread:
    assert isinstance(value, Unread)
    return value


def test_a_fedora_laptop_without_driver_is_told_in_full(tmp_path: Path) -> None:
    machine = read(grow(tmp_path, nouveau_laptop()), 5)
    system, kernel = machine.system, machine.system.kernel
    assert (system.distro, system.release, system.pretty_name) == ("fedora", "44", "Fedora Linux 44")
    assert (system.arch, system.python, system.libc) == ("x86_64", "3.14", "glibc 2.43")
    assert (system.cpu, system.cpus, system.memory_bytes) == ("AMD Ryzen 7", 2, 16_000_000 * 1024)
    assert (system.secure_boot, kernel.lockdown, kernel.release) == (True, "integrity", "7.0.4-200.fc44.x86_64")
    assert kernel.modules == (Module(name="nouveau", version="", uses=2),)
    assert kernel.headers is False
    assert not isinstance(machine.pci, Unread)
    (card,) = machine.pci
    assert (card.address, card.device_id, card.class_code) == ("0000:01:00.0", "1c8d", "030200")
    assert (card.driver, card.runtime_status, card.numa_node) == ("nouveau", "suspended", -1)
    assert unread(machine.gpus).unread == "absent"
    assert machine.device_nodes == ()
    assert unread(system.gcc).unread == "absent"


def test_the_command_line_keeps_what_bears_on_gpus_and_no_secret(tmp_path: Path) -> None:
    kernel = read(grow(tmp_path, FEDORA), 5).system.kernel
    assert kernel.command_line == "rd.driver.blacklist=nouveau,nova-core nvidia-drm.modeset=1"


def test_an_empty_folder_is_a_machine_of_which_nothing_is_known(tmp_path: Path) -> None:
    machine = read(tmp_path, 5)
    assert unread(machine.gpus).unread == unread(machine.device_nodes).unread == "absent"
    assert unread(machine.pci).unread == "failed", "without sysfs nobody knows what is on the bus"
    assert (machine.libraries, machine.toolkits, machine.distributions, machine.system.environment) == ((), {}, (), {})
    assert unread(machine.system.distro).source.endswith("os-release")


@pytest.mark.parametrize(
    "written", ["fedora", '"Fedora 44 (KDE)"', "'one \"two\"'", '"a \\"b\\" c"', '"It\'s"', 'x"y"z', '""']
)
def test_os_release_is_read_as_a_shell_reads_it(tmp_path: Path, written: str) -> None:
    host = grow(tmp_path, {"/etc/os-release": f"PRETTY_NAME={written}\n"})
    shown = subprocess.run(
        ["sh", "-c", '. "$0"; printf %s "$PRETTY_NAME"', tmp_path / "etc/os-release"], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    told = read(host, 5).system.pretty_name
    assert ("" if isinstance(told, Unread) else told) == shown.stdout


def test_a_quote_that_is_never_closed_is_kept(tmp_path: Path) -> None:
    assert read(grow(tmp_path, {"/etc/os-release": 'PRETTY_NAME="Fedora\n'}), 5).system.pretty_name == '"Fedora'


def test_a_folder_never_speaks_of_the_live_host(
    tmp_path: Path, fake_driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in fake_driver("h100").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    assert unread(read(tmp_path, 5).gpus).unread == "absent"
    assert read(tmp_path, 5).system.environment == {}


def test_the_driver_of_a_test_is_asked_beside_a_folder(
    tmp_path: Path, fake_driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in fake_driver("a100*2").items():
        monkeypatch.setenv(name, value)
    gpus = read(grow(tmp_path, FEDORA), 5, library=fake_driver.library).gpus
    assert not isinstance(gpus, Unread)
    assert [gpu.compute_capability for gpu in gpus] == ["8.0", "8.0"]


def test_a_library_that_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    grow(tmp_path, {"/usr/lib64": None})
    os.mkfifo(tmp_path / "usr/lib64/libnvidia-ml.so.1")
    assert unread(read(tmp_path, 60).gpus).unread == "absent"


def test_a_machine_comes_back_from_its_json(
    tmp_path: Path, fake_driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in fake_driver("h100,gtx1050m", faults={"nvmlDeviceGetName@1": 15}).items():
        monkeypatch.setenv(name, value)
    root = grow(tmp_path / "host", nouveau_laptop())
    for machine in (read(Path("/"), 5), read(root, 5), read(root, 5, library=fake_driver.library)):
        saved = tmp_path / "machine.json"
        saved.write_text(to_json(machine))
        assert load(saved, Machine) == machine


def test_detect_writes_what_it_prints(tmp_path: Path, gpusetup: Run) -> None:
    root = grow(tmp_path / "host", nouveau_laptop())
    printed = gpusetup("detect", "--json", "--sysroot", root)
    written = gpusetup("detect", "--sysroot", root, "--no-redact", "--output", tmp_path / "m.json")
    assert (printed.returncode, written.returncode, written.stdout) == (0, 0, "")
    first = msgspec.json.decode(printed.stdout, type=Machine)
    again = load(tmp_path / "m.json", Machine)
    assert msgspec.structs.replace(first, read_at="") == msgspec.structs.replace(again, read_at="")


def test_a_sysroot_that_is_no_folder_is_refused(tmp_path: Path, gpusetup: Run) -> None:
    done = gpusetup("detect", "--sysroot", tmp_path / "nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not a folder" in done.stderr


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 2}', b"\xff\xfe", '{"version": 1, "unheard": 1}'])
def test_a_corrupt_machine_is_refused_in_one_sentence(tmp_path: Path, content: str | bytes) -> None:
    saved = tmp_path / "m.json"
    saved.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(WrongInputError, match=r"m\.json is not a saved machine") as caught:
        load(saved, Machine)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def test_a_corrupt_machine_ends_a_command_with_code_2(tmp_path: Path, gpusetup: Run) -> None:
    saved = tmp_path / "m.json"
    saved.write_text('{"version": 1}')
    done = gpusetup("doctor", "--machine", saved)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{saved} is not a saved machine" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_live_host_needs_no_root(monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("already an ordinary user")
    os.seteuid(65534)
    try:
        machine = read(Path("/"), 5)
    finally:
        os.seteuid(0)
    assert not isinstance(machine.system.kernel.release, Unread)


def test_links_of_the_live_host_are_its_own() -> None:
    assert Host(Path("/")).resolve("/proc/self/exe") == os.path.realpath("/proc/self/exe")
