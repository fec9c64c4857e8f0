"""The driver as NVML tells it, met through a fake libnvidia-ml.so.1 that pynvml really loads."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pynvml
import pytest

from gpusetup.doctor.gpu import nvml
from gpusetup.machine.model import Gpu, Machine, Peer, Process, Unread
from gpusetup.machine.nvml.client import GPU
from gpusetup.machine.read import read
from gpusetup.value import load, to_json
from tests.fake_driver import FakeDriver, plan
from tests.support import Run

LONG_ENOUGH = 2
"""Seconds in which the library is loaded even on a machine that has much else to do."""

Detect = Callable[..., Machine]

HEALTHY_H100 = {
    "name": "NVIDIA H100 80GB HBM3",
    "compute_capability": "9.0",
    "memory_total": 81559 << 20,
    "temperature_limit": 90,
    "power_limit": 700.0,
    "clock_sm_max": 1980,
    "ecc": True,
    "ecc_uncorrected": 0,
    "remapped_rows": (0, 0, False, False),
    "mig": False,
    "pcie_gen": (5, 5),
    "pcie_width": (16, 16),
    "architecture": "Hopper",
    "minor": 0,
    "utilization": 37,
    "processes": (Process(pid=4242, memory=300 << 20, graphics=False),),
    "mig_devices": (),
    "nvlinks": (True,) * 18,
    "gsp_mode": (True, True),
    "recovery_action": 0,
    "fabric": (3, 0),
    "peers": (),
    "clock_memory": 210,
    "clock_memory_max": 1980,
    "application_clock": (1980, 1980),
    "memory_temperature": 47,
    "memory_temperature_limit": 95,
    "inforom": 0x5EED,
    "sram_errors": (0, 0, False),
    "spare_rows": (640, 0, 0, 0, 0),
    "nvlink_errors": (0, 0, 0),
    "licences": (),
    "vgpus": 0,
    "fabric_mask": 0x1AA,
    "fabric_summary": 1,
    "fabric_clique": 1,
    "fabric_cluster": "",
    "nvlink_speeds": (26562,) * 18,
    "temperature_margin": 50,
    "temperature_margins": (("shutdown", -8), ("slowdown", -2), ("memory", 0), ("operating", 0)),
    "throttled": tuple(
        (name, 0) for name in ("thermal", "board limit", "reliability", "hardware thermal", "power brake")
    ),
    "unrepairable_memory": False,
    "module_id": 1,
    "addressing": 1,
    "inforom_valid": True,
}
OF_BLACKWELL = {"nvlink_counters", "repairs", "inactive_rows", "bank_remaps", "place"}
OF_SUPERCHIPS = {"c2c_links", "c2c_errors"}


@pytest.fixture
def detect(gpusetup: Run, fake_driver: FakeDriver) -> Detect:
    """Run the real command against a planned driver and return what it read."""

    def run(gpus: str = "rtx4090", *, faults: dict[str, int | str] | None = None, deadline: float = 10) -> Machine:
        done = gpusetup("detect", "--deadline", deadline, env=fake_driver(gpus, faults=faults))
        assert (done.returncode, done.stderr) == (0, "")
        return msgspec.json.decode(done.stdout, type=Machine)

    return run


def gpus_of(machine: Machine) -> tuple[Gpu, ...]:
    assert not isinstance(machine.gpus, Unread)
    return machine.gpus


def unread(value: object) -> Unread:
    assert isinstance(value, Unread)
    return value


def test_one_gpu_is_read_in_full(detect: Detect) -> None:
    machine = detect("h100")
    (gpu,) = gpus_of(machine)
    assert {name: getattr(gpu, name) for name in HEALTHY_H100} == HEALTHY_H100
    assert gpu.pci_address == "0000:01:00.0"
    # retired pages ended with Volta; a server has fans of its own
    assert {name for name in GPU if isinstance(getattr(gpu, name), Unread)} == (
        {"retired_pages", "fan"} | OF_BLACKWELL | OF_SUPERCHIPS
    )
    assert (machine.driver.nvml, machine.driver.nvml_library, machine.driver.cuda) == (
        "580.95.05",
        "13.580.95.05",
        "13.0",
    )


def test_a_superchip_is_read_link_by_link(detect: Detect) -> None:
    (gpu,) = gpus_of(detect("gb200"))
    assert not isinstance(gpu.nvlink_counters, Unread)
    assert [one.link for one in gpu.nvlink_counters] == list(range(18))
    assert gpu.nvlink_speeds == (53125,) * 18
    assert gpu.c2c_links == (True,) * 10
    assert (gpu.repairs, gpu.bank_remaps, gpu.inactive_rows) == ((False, False), (0, 0, 0, False), (0, 0))
    assert gpu.place == (("slot", 4), ("tray", 2), ("host", 1), ("module", 1))
    assert "1234567890123456" not in to_json(gpu), "the chassis' serial number names the machine"


@pytest.mark.parametrize(("newest", "summary"), [(3, 2), (2, None)])
def test_the_newest_structure_that_the_driver_knows_is_filled(
    gpusetup: Run, fake_driver: FakeDriver, newest: int, summary: int | None
) -> None:
    env = fake_driver("b200") | {"FAKE_NVML_FABRIC": f"{newest},0x1a9,2"}
    (gpu,) = gpus_of(msgspec.json.decode(gpusetup("detect", env=env).stdout, type=Machine))
    assert (gpu.fabric, gpu.fabric_mask) == ((3, 0), 0x1A9)
    assert (None if isinstance(gpu.fabric_summary, Unread) else gpu.fabric_summary) == summary


def test_a_driver_without_versioned_fabric_information_is_asked_the_older_way(detect: Detect) -> None:
    (gpu,) = gpus_of(detect("h100", faults={"nvmlDeviceGetGpuFabricInfoV": 13}))
    assert gpu.fabric == (3, 0)
    assert unread(gpu.fabric_mask).unread == unread(gpu.fabric_summary).unread == "unsupported"


def test_what_is_newer_than_the_driver_is_unsupported_and_no_failure(gpusetup: Run, fake_driver: FakeDriver) -> None:
    """A driver of branch 535 knows fields up to 168, and none of the functions that came later."""
    later = ("MarginTemperature", "RepairStatus", "UnrepairableMemoryFlag_v1", "PlatformInfo", "AddressingMode")
    faults = {f"nvmlDeviceGet{name}": 13 for name in (*later, "GpuFabricInfoV")} | {"nvmlDeviceGetModuleId": 25}
    env = fake_driver("gb200", faults=faults) | {"FAKE_NVML_FIELDS": "169"}
    (gpu,) = gpus_of(msgspec.json.decode(gpusetup("detect", env=env).stdout, type=Machine))
    missing = [one for name in GPU if isinstance(one := getattr(gpu, name), Unread)]
    assert {one.unread for one in missing} == {"unsupported"}
    assert len(missing) > 15
    assert isinstance(gpu.recovery_action, Unread)


def test_a_field_is_read_by_its_own_type(detect: Detect) -> None:
    (gpu,) = gpus_of(detect("h100"))
    assert dict(gpu.temperature_margins if not isinstance(gpu.temperature_margins, Unread) else ())["shutdown"] == -8


def test_eight_gpus_keep_their_order_and_identity(detect: Detect) -> None:
    gpus = gpus_of(detect("h100*8"))
    assert [gpu.index for gpu in gpus] == list(range(8))
    assert [gpu.pci_address for gpu in gpus] == [f"0000:0{bus}:00.0" for bus in range(1, 9)]
    assert len({gpu.uuid for gpu in gpus}) == 8


def test_mixed_gpus_each_say_what_they_are(detect: Detect) -> None:
    laptop, desktop, server = gpus_of(detect("gtx1050m,rtx4090,h100"))
    assert [laptop.compute_capability, desktop.compute_capability, server.compute_capability] == ["6.1", "8.9", "9.0"]
    assert unread(laptop.power) == Unread(
        unread="unsupported", source="nvmlDeviceGetPowerUsage", detail="NVML_ERROR_NOT_SUPPORTED", code=3
    )
    assert unread(desktop.ecc).unread == "unsupported"
    assert server.ecc is True


def test_every_pair_of_gpus_is_asked_once(detect: Detect) -> None:
    first, second, third = gpus_of(detect("h100*2,rtx4090"))
    assert first.peers == (Peer(index=1, level=40, p2p_read=0), Peer(index=2, level=40, p2p_read=5))
    assert second.peers == (Peer(index=2, level=40, p2p_read=5),)
    assert third.peers == ()


def test_a_lost_gpu_is_nobodys_peer(detect: Detect) -> None:
    first = gpus_of(detect("h100*3", faults={"nvmlDeviceGetHandleByIndex@1": 15}))[0]
    assert not isinstance(first.peers, Unread)
    assert [peer.index for peer in first.peers] == [2]


def test_slices_of_a_gpu_are_listed(gpusetup: Run, fake_driver: FakeDriver) -> None:
    env = fake_driver("h100", faults={"nvmlDeviceGetUUID": 15}) | {"FAKE_NVML_MIG": "2"}
    (gpu,) = gpus_of(msgspec.json.decode(gpusetup("detect", env=env).stdout, type=Machine))
    assert gpu.mig is True
    assert not isinstance(gpu.mig_devices, Unread)
    assert [each.index for each in gpu.mig_devices] == [0, 1]
    assert unread(gpu.mig_devices[0].uuid).code == 15
    assert gpu.mig_devices[1].memory_total == 81559 << 20
    assert (gpu.mig_devices[1].gpu_instance, gpu.mig_devices[1].compute_instance) == (1, 0)


def test_retired_pages_belong_to_old_gpus(detect: Detect) -> None:
    volta, laptop = gpus_of(detect("v100,gtx1050m"))
    assert volta.retired_pages == (0, 0)
    assert unread(laptop.nvlinks).unread == unread(laptop.gsp_firmware).unread == "unsupported"


def test_a_code_inside_a_call_that_succeeds_is_heard(detect: Detect) -> None:
    (desktop,) = gpus_of(detect("rtx4090"))
    assert (unread(desktop.recovery_action).source, unread(desktop.recovery_action).code) == (
        "nvmlDeviceGetFieldValues",
        3,
    )


@pytest.mark.parametrize(
    ("code", "why", "name"),
    [
        (9, "absent", "NVML_ERROR_DRIVER_NOT_LOADED"),
        (18, "failed", "NVML_ERROR_LIB_RM_VERSION_MISMATCH"),
        (4, "denied", "NVML_ERROR_NO_PERMISSION"),
        (999, "failed", "NVML_ERROR_UNKNOWN"),
        (12345, "failed", "NVML error 12345"),
    ],
)
def test_a_driver_that_does_not_start_says_so_everywhere(detect: Detect, code: int, why: str, name: str) -> None:
    machine = detect("h100", faults={"nvmlInit": code})
    told = unread(machine.gpus)
    assert (told.unread, told.source, told.detail, told.code) == (why, "nvmlInit", name, code)
    assert (machine.driver.nvml, machine.driver.cuda, machine.driver.confidential) == (told,) * 3
    assert machine.driver.nvml_library == "13.580.95.05"  # the library says this much of itself without a driver


def test_a_lost_gpu_is_unread_and_the_others_are_read(detect: Detect) -> None:
    first, lost, last = gpus_of(detect("h100*3", faults={"nvmlDeviceGetHandleByIndex@1": 15}))
    assert (first.name, last.name) == ("NVIDIA H100 80GB HBM3",) * 2
    told = {getattr(lost, name) for name in GPU}
    assert told == {
        Unread(unread="failed", source="nvmlDeviceGetHandleByIndex", detail="NVML_ERROR_GPU_IS_LOST", code=15)
    }


def test_a_gpu_lost_after_it_was_named_keeps_its_name(detect: Detect) -> None:
    (gpu,) = gpus_of(detect("h100", faults={"nvmlDeviceGetMemoryInfo": 15, "nvmlDeviceGetTemperature": 15}))
    assert gpu.name == "NVIDIA H100 80GB HBM3"
    assert [unread(field).code for field in (gpu.memory_total, gpu.memory_used, gpu.temperature)] == [15] * 3


def test_a_call_that_never_returns_is_named_in_bounded_time(detect: Detect) -> None:
    start = time.monotonic()
    first, second = gpus_of(detect("h100*2", faults={"nvmlDeviceGetTemperature@1": "hang"}, deadline=1))
    assert time.monotonic() - start < 10
    assert first.temperature == 41
    assert second.memory_used == 512 << 20  # read before the call that hangs
    told = unread(second.temperature)
    assert (told.unread, told.source) == ("timeout", "nvmlDeviceGetTemperature")
    assert "no answer within 1 s" in told.detail
    assert unread(second.pcie_width) == told  # after it: nobody looked


def test_a_driver_that_hangs_at_once_leaves_the_rest_readable(detect: Detect) -> None:
    machine = detect("h100", faults={"nvmlInit": "hang"}, deadline=0.5)
    assert (unread(machine.gpus).unread, unread(machine.gpus).source) == ("timeout", "nvmlInit")
    assert machine.system.python
    assert machine.distributions


def test_nothing_is_left_behind_when_we_are_killed(fake_driver: FakeDriver) -> None:
    script = Path(sys.executable).with_name("gpusetup")
    env = os.environ | fake_driver("h100", faults={"nvmlDeviceGetCount": "hang"})
    parent = subprocess.Popen([script, "detect", "--deadline", "60"], env=env, stdout=subprocess.DEVNULL)
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    child = ""
    while not child:
        child = children.read_text().strip()
    time.sleep(0.5)  # long enough to be inside the call
    parent.kill()
    parent.wait()
    end = time.monotonic() + 5
    while Path(f"/proc/{child}/stat").exists() and _state(child) != "Z":
        assert time.monotonic() < end, f"process {child} lives on"
        time.sleep(0.01)


def _state(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"


Reads = Callable[[], Machine]


@pytest.fixture
def hung(tmp_path: Path, fake_driver: FakeDriver, monkeypatch: pytest.MonkeyPatch) -> Reads:
    """Reads with a driver that, loaded into a child of this very process, never comes back from a call."""
    for name, value in plan("h100", faults={"nvmlDeviceGetName": "hang"}).items():
        monkeypatch.setenv(name, value)
    return lambda: read(tmp_path, LONG_ENOUGH, library=fake_driver.library)


def _children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def test_a_hung_child_is_ended(hung: Reads) -> None:
    before = _children()
    (gpu,) = gpus_of(hung())
    assert unread(gpu.name).unread == "timeout"
    assert set(_children()) <= set(before)


def test_a_child_that_cannot_die_is_not_waited_for(hung: Reads, monkeypatch: pytest.MonkeyPatch) -> None:
    kill = os.kill
    monkeypatch.setattr(os, "kill", lambda *_: None)
    start, before = time.monotonic(), _children()
    (gpu,) = gpus_of(hung())
    assert time.monotonic() - start < LONG_ENOUGH + 5
    assert unread(gpu.name).unread == "timeout"
    (child,) = (int(one) for one in _children() if one not in before)
    kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_a_chroot_without_device_nodes_is_asked_too(
    tmp_path: Path, fake_driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in plan("h100").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(os, "devnull", str(tmp_path / "dev/null"))
    (gpu,) = gpus_of(read(tmp_path, 5, library=fake_driver.library))
    assert gpu.compute_capability == "9.0"


@pytest.mark.parametrize("faults", [{}, {"nvmlDeviceGetName": "hang"}])
def test_a_parent_that_ignores_its_children_hears_the_driver(
    tmp_path: Path, fake_driver: FakeDriver, monkeypatch: pytest.MonkeyPatch, faults: dict[str, str]
) -> None:
    for name, value in plan("h100", faults=faults).items():
        monkeypatch.setenv(name, value)
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        (gpu,) = gpus_of(read(tmp_path, LONG_ENOUGH, library=fake_driver.library))
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert isinstance(gpu.name, Unread) is bool(faults)


@pytest.mark.parametrize("streams", ["<&-", "<&- >&-", "<&- >&- 2>&-"])
def test_closed_streams_do_not_take_the_drivers_answers(tmp_path: Path, fake_driver: FakeDriver, streams: str) -> None:
    script = Path(sys.executable).with_name("gpusetup")
    command = f'exec "{script}" detect --output "{tmp_path}/m.json" {streams}'
    subprocess.run(["sh", "-c", command], env=os.environ | fake_driver("h100"), check=False)
    (gpu,) = gpus_of(load(tmp_path / "m.json", Machine))
    assert gpu.compute_capability == "9.0"


def test_a_machine_without_a_process_to_spare_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", refuse)
    told = unread(read(Path("/"), 5).gpus)
    assert (told.unread, told.source, told.code) == ("failed", "fork", errno.EAGAIN)


@pytest.mark.parametrize(("fault", "name"), [("segv", "SIGSEGV"), ("crash", "SIGABRT")])
def test_a_crash_of_the_library_names_signal_and_call(detect: Detect, fault: str, name: str) -> None:
    first, second = gpus_of(detect("h100*2", faults={"nvmlDeviceGetUUID@1": fault}))
    assert first.pcie_width == (16, 16)
    assert second.name == "NVIDIA H100 80GB HBM3"
    told = unread(second.uuid)
    assert (told.unread, told.source) == ("failed", "nvmlDeviceGetUUID")
    assert name in told.detail


def test_a_library_that_ends_the_process_is_not_taken_for_an_answer(detect: Detect) -> None:
    told = unread(detect("h100", faults={"nvmlDeviceGetCount": "exit"}).gpus)
    assert (told.unread, told.source) == ("failed", "nvmlDeviceGetCount")
    assert "ended by itself" in told.detail


def test_a_library_cut_short_is_not_called_absent(gpusetup: Run, broken_driver: dict[str, str]) -> None:
    machine = msgspec.json.decode(gpusetup("detect", env=broken_driver).stdout, type=Machine)
    told = unread(machine.gpus)
    assert (told.unread, told.code) == ("failed", 12)
    assert "file too short" in told.detail


def test_no_library_is_absent(tmp_path: Path, gpusetup: Run) -> None:
    told = unread(msgspec.json.decode(gpusetup("detect", "--sysroot", tmp_path).stdout, type=Machine).gpus)
    assert (told.unread, told.code) == ("absent", 12)


@pytest.mark.parametrize("garbage", ["ones", "zeros", "text"])
def test_garbage_never_passes_for_a_reading(detect: Detect, garbage: str) -> None:
    """The calls whose answer cannot be what the garbage says; a zero count of errors, say, could be true."""
    (gpu,) = gpus_of(detect("h100", faults={f"nvmlDevice{call}": garbage for call in IMPOSSIBLE[garbage]}))
    for field in IMPOSSIBLE[garbage].values():
        for name in field.split():
            told = unread(getattr(gpu, name))
            assert (told.unread, told.code) == ("failed", None), name
            assert "nonsense" in told.detail


TEXTS = {"GetName": "name", "GetUUID": "uuid", "GetPciInfo": "pci_address"}
IMPOSSIBLE = {
    "text": TEXTS,
    "zeros": TEXTS | {"GetCudaComputeCapability": "compute_capability", "GetMemoryInfo": "memory_total memory_used"},
    "ones": TEXTS
    | {
        "GetCudaComputeCapability": "compute_capability",
        "GetMemoryInfo": "memory_total memory_used",
        "GetTemperature": "temperature",
        "GetTemperatureThreshold": "temperature_limit",
        "GetPowerUsage": "power",
        "GetEnforcedPowerLimit": "power_limit",
        "GetClockInfo": "clock_sm",
        "GetMaxClockInfo": "clock_sm_max",
        "GetCurrentClocksEventReasons": "throttle_reasons",
        "GetPersistenceMode": "persistence",
        "GetComputeMode": "compute_mode",
        "GetEccMode": "ecc",
        "GetTotalEccErrors": "ecc_uncorrected",
        "GetRetiredPagesPendingStatus": "retired_pending",
        "GetRemappedRows": "remapped_rows",
        "GetMigMode": "mig",
        "GetCurrPcieLinkGeneration": "pcie_gen",
        "GetMaxPcieLinkWidth": "pcie_width",
    },
}


def test_an_absurd_count_of_gpus_is_refused(detect: Detect) -> None:
    assert unread(detect("h100", faults={"nvmlDeviceGetCount": "ones"}).gpus).source == "nvmlDeviceGetCount"


def test_an_old_driver_is_asked_by_the_old_name(detect: Detect) -> None:
    (gpu,) = gpus_of(detect("h100", faults={"nvmlDeviceGetCurrentClocksEventReasons": 13}))
    assert gpu.throttle_reasons == 1


def states(gpusetup: Run, env: dict[str, str], rules: str) -> dict[tuple[str, str], str]:
    found = json.loads(gpusetup("doctor", "--only", rules, "--json", "--all", env=env).stdout)["findings"]
    return {(one["rule"], one["subject"]): one["state"] for one in found}


@pytest.mark.parametrize(
    ("fabric", "state"),
    [
        ("3,0x1aa,1", "ok"),
        ("3,0x1a9,2", "error"),
        ("3,0x19a,2", "error"),
        ("3,0x166,1", "warning"),
        ("3,0x6aa,2", "error"),
        ("2,0x1a9,0", "error"),
        ("3,0,2", "error"),
        ("3,0,0", "ok"),
        ("3,0x1ab,1", "unknown"),
    ],
)
def test_a_sick_fabric_is_judged_as_the_driver_reports_it(
    gpusetup: Run, fake_driver: FakeDriver, fabric: str, state: str
) -> None:
    found = states(gpusetup, fake_driver("gb200*2") | {"FAKE_NVML_FABRIC": fabric}, "FAB004")
    assert {found["FAB004", f"GPU {index}"] for index in range(2)} == {state}


def test_a_chip_without_memory_of_its_own_leaves_nothing_unanswered(gpusetup: Run, fake_driver: FakeDriver) -> None:
    """GB10 (DGX Spark) has the system's memory, no power limit and no NVLink: "not supported" is its answer."""
    found = states(gpusetup, fake_driver("gb10"), "ANS001,ANS002,MEM,PWR,FAB,REC,PCI")
    assert {state for (_, subject), state in found.items() if subject == "GPU 0"} == {"ok"}


@pytest.mark.parametrize("kind", ["h200", "gh200", "gb200", "b200", "b300", "a100", "v100", "t4", "rtx5090"])
def test_a_healthy_gpu_of_each_generation_is_not_accused(kind: str, gpusetup: Run, fake_driver: FakeDriver) -> None:
    found = states(gpusetup, fake_driver(f"{kind}*2"), "ANS001,ANS002,ANS017,ANS018,MEM,PWR,FAB,REC,PCI")
    wrong = {(rule, state) for (rule, subject), state in found.items() if state != "ok" and subject.startswith("GPU")}
    assert wrong == set()


def test_every_return_code_has_a_meaning_and_none_that_it_has_not() -> None:
    codes = {value for name, value in vars(pynvml).items() if name.startswith("NVML_ERROR_") and name.isupper()}
    assert codes <= set(nvml.MEANING)
    assert nvml.meaning(23) == "insufficient resources, other than memory"


@pytest.mark.parametrize(("code", "why"), [(10, "failed"), (23, "failed"), (25, "unsupported"), (26, "unsupported")])
def test_a_code_that_returns_is_no_call_that_never_returns(code: int, why: str, detect: Detect) -> None:
    (gpu,) = gpus_of(detect("h100", faults={"nvmlDeviceGetApplicationsClock": code}))
    assert (unread(gpu.application_clock).unread, unread(gpu.application_clock).code) == (why, code)
