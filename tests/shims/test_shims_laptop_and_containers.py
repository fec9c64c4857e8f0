"""The second GPU of a laptop, and what containers are told of the cards."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from gpusetup.resolve.model import Card, Stack
from tests.shims.conftest import Fedora
from tests.stacks import laptop

OPTIONS = "etc/modprobe.d/gpusetup-hybrid.conf"
RULES = "etc/udev/rules.d/80-gpusetup-nvidia-sleep.rules"
COMMAND = "usr/local/bin/gpusetup-on-nvidia"
SPEC = "etc/cdi/nvidia.yaml"
UNITS = "var/run/cdi/nvidia.yaml"


def hybrid(capability: str) -> Stack:
    card = Card(name="a laptop card", arch="?", compute_capability=capability, known_by="test")
    made = laptop()
    request = msgspec.structs.replace(made.request, cards=(card,), hybrid=None, secure_boot=False)
    return msgspec.structs.replace(made, request=request, environments=())


def described(fedora: Fedora) -> str:
    """Have a driver run, and return the steps that tell container engines of it."""
    module = fedora.root / "sys/module/nvidia"
    module.mkdir(parents=True)
    (module / "version").write_text("580.173.02\n")
    return fedora.render(laptop(), "container-toolkit", "cdi")


def furnish(root: Path, chassis: str = "10", vendors: tuple[str, ...] = ("0x8086", "0x10de")) -> None:
    """Give the pretended machine a case and display devices."""
    (root / "sys/class/dmi/id").mkdir(parents=True)
    (root / "sys/class/dmi/id/chassis_type").write_text(f"{chassis}\n")
    for number, vendor in enumerate(vendors):
        device = root / f"sys/bus/pci/devices/0000:0{number}:00.0"
        device.mkdir(parents=True)
        (device / "class").write_text("0x030000\n")
        (device / "vendor").write_text(f"{vendor}\n")


@pytest.mark.parametrize(
    ("capability", "there"), [("6.1", {COMMAND}), ("7.5", {COMMAND, RULES, OPTIONS}), ("8.9", {COMMAND, RULES})]
)
def test_each_generation_gets_what_it_can_use(fedora: Fedora, capability: str, there: set[str]) -> None:
    furnish(fedora.root)
    script = fedora.render(hybrid(capability), "hybrid")
    before = fedora.tree()
    done = fedora.run(script)
    assert done.returncode == 0, done.stderr
    assert {path for path in (OPTIONS, RULES, COMMAND) if (fedora.root / path).exists()} == there
    assert "gpusetup-on-nvidia PROGRAM" in done.stdout
    assert fedora.run(script).returncode == 0
    assert fedora.changes == []
    assert fedora.run(script, "--undo").returncode == 0
    assert fedora.tree() == before


@pytest.mark.parametrize(
    ("chassis", "vendors"),
    [("3", ("0x8086", "0x10de")), ("10", ("0x10de",)), ("10", ("0x8086",))],
    ids=["a desktop", "no integrated GPU", "no NVIDIA GPU"],
)
def test_a_machine_that_is_no_hybrid_laptop_is_left_alone(
    fedora: Fedora, chassis: str, vendors: tuple[str, ...]
) -> None:
    furnish(fedora.root, chassis, vendors)
    assert fedora.run(fedora.render(hybrid("7.5"), "hybrid")).returncode == 0
    assert not [path for path in (OPTIONS, RULES, COMMAND) if (fedora.root / path).exists()]


def test_the_specification_follows_the_driver(fedora: Fedora) -> None:
    script = described(fedora)
    assert fedora.run(script).returncode == 0
    path = fedora.root / SPEC
    assert "libcuda.so.580.173.02" in path.read_text()
    path.write_text("hostPath: /usr/lib64/libcuda.so.570.1\n")  # as after a driver update that nobody followed
    assert "to do  cdi" in fedora.run(script, "--check").stdout
    assert fedora.run(script).returncode == 0
    assert "libcuda.so.580.173.02" in path.read_text()


def test_where_nvidias_unit_writes_it_an_older_one_goes_and_comes_back(fedora: Fedora) -> None:
    unit = fedora.root / "usr/lib/systemd/system/nvidia-cdi-refresh.path"
    unit.parent.mkdir(parents=True)
    unit.write_text("")
    theirs = fedora.root / SPEC
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs")
    script = described(fedora)
    failed = fedora.run(script)  # the stand-in for systemctl writes nothing
    assert failed.returncode == 6
    assert "systemctl restart nvidia-cdi-refresh.service" in fedora.calls
    assert not theirs.exists()
    made = fedora.root / UNITS
    made.parent.mkdir(parents=True)
    made.write_text("hostPath: /usr/lib64/libcuda.so.580.173.02\n")
    assert fedora.run(script).returncode == 0
    assert fedora.run(script, "--undo").returncode == 0
    assert theirs.read_text() == "theirs"


@pytest.mark.parametrize("was", ["0 0", "1 1"])
def test_selinux_lets_containers_at_the_card_and_only_our_own_change_is_undone(fedora: Fedora, was: str) -> None:
    booleans = fedora.root / "sys/fs/selinux/booleans"
    booleans.mkdir(parents=True)
    (booleans.parent / "enforce").write_text("1")
    for name in ("container_use_xserver_devices", "container_use_devices"):
        (booleans / name).write_text(was)
    script = described(fedora)
    first = fedora.run(script)
    asked = [call for call in fedora.calls if call.startswith("setsebool")]
    if was == "1 1":
        assert (first.returncode, asked) == (0, [])
    else:
        assert asked == ["setsebool -P container_use_xserver_devices on"]  # the narrower of the two
    assert fedora.run(script, "--undo").returncode == 0
    undone = [call for call in fedora.calls if call.startswith("setsebool")]
    assert undone == ([] if was == "1 1" else ["setsebool -P container_use_xserver_devices off"])
