"""Every judged message gives its finding in every form of a log; what no row knows is never silence."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path

import pytest

from gpusetup.doctor import messages as package
from gpusetup.doctor.examine import examine, judge
from gpusetup.doctor.finding import Finding
from gpusetup.doctor.messages.chain import address
from gpusetup.doctor.messages.part import known_format, part_of
from gpusetup.doctor.messages.rows import Judged, companions, fits, ordinary, rows
from gpusetup.doctor.messages.said import heard
from gpusetup.doctor.registry import all_rules
from gpusetup.doctor.remedies.fixes import row as remedy_row
from gpusetup.machine.kernel.forms import message
from gpusetup.machine.model import Machine
from tests.doctor.machines import machine
from tests.each import each
from tests.log_forms import FORMS

RULES = all_rules()
ROWS = rows()
FOLDER = Path(package.__path__[0])
FORMATS = [
    row[0].lower() for file, some in json.loads((FOLDER / "formats.json").read_text()).items() for row in some if file
]
LINE = "\\x0aNVRM: "


def with_log(*lines: str) -> Machine:
    return machine("desktop", {"system": {"kernel": {"log!": list(lines)}}})


def findings(*lines: str) -> dict[str, Finding]:
    """What the rules over the log and the Xids say of these lines, by rule; consequences are folded."""
    some = [rule for rule in RULES.values() if rule.id.startswith(("LOG", "XID", "SXI", "GPU001"))]
    return {one.rule: one for one in examine(with_log(*lines), some) if one.state != "ok"}


@each("row", ROWS, ids=lambda row: f"{row.rule}-{row.name}")
def test_a_judged_message_gives_its_finding_in_every_form(row: Judged) -> None:
    for name, form in FORMS.items():
        host = with_log(message(form(row.row.sample).encode()))
        assert [one.judged for one in heard(host).by_rule.get(row.rule, [])] == [row], name
        (found,) = judge(RULES[row.rule], host)
        assert found.state == (row.row.state or RULES[row.rule].worst), name
        assert found.summary.startswith(row.row.means), name
        assert found.remedy is not None
        named = RULES[row.rule].remedies
        in_place = {other for one in named for other in remedy_row(one).instead.values()}
        assert found.remedy.fix in {*named, *in_place}, name


@each(
    "row, form",
    product(
        [row for row in ROWS if LINE in row.row.sample],
        ["dmesg", "dmesg-T", "journal-short", "dmesg-t", "kmsg", "syslog"],
    ),
    ids=lambda one: f"{one[0].name}-{one[1]}",
)
def test_a_message_that_the_driver_breaks_is_joined(row: Judged, form: str) -> None:
    """As dmesg shows it: every line with the time of the first; and as journalctl does: the others indented."""
    first, *more = row.row.sample.split(LINE)
    repeated = [message(FORMS[form](one).encode()) for one in (first, *(f"NVRM: {one}" for one in more))]
    indented = [message(FORMS[form](first).encode()), *(message(f"{'':20}NVRM: {one}".encode()) for one in more)]
    for lines in (repeated, indented):
        said = heard(with_log(*lines))
        assert [one.judged for one in said.by_rule.get(row.rule, [])] == [row], lines
        assert said.unjudged == []


@each("row", ROWS, ids=lambda row: f"{row.rule}-{row.name}")
def test_a_row_is_a_format_of_the_drivers_source_or_names_its_own(row: Judged) -> None:
    """The formats are derived from the source; what is the kernel's, or the proprietary driver's, says where it is."""
    if row.row.kernel or row.row.older:
        assert re.search(r"[/:]", row.row.kernel or row.row.older)
        return
    for says, parts in zip(row.row.says, row.parts, strict=True):
        assert any(fits(one, parts) for one in FORMATS), says


def test_rows_belong_to_rules_and_name_remedies_that_these_declare() -> None:
    for row in ROWS:
        assert row.row.fix in {"", *RULES[row.rule].remedies}, row.name
        assert row.row.state in {"", "info", "warning", "error"}, row.name
    assert len({(row.rule, row.name) for row in ROWS}) == len(ROWS)


def test_no_judged_message_is_taken_for_an_ordinary_one() -> None:
    for row in ROWS:
        assert [one for one in ordinary() if one in row.row.sample.lower()] == [], row.name


@each("text", ordinary())
def test_an_ordinary_message_is_no_finding(text: str) -> None:
    line = text if text.startswith(("nvrm:", "nvidia")) else f"NVRM: {text}"
    assert findings(f"[  100.000000] {line}") == {}


@each("text", companions())
def test_what_goes_on_with_a_message_says_no_more_than_that_one_and_alone_is_unexplained(text: str) -> None:
    line = f"[  100.000000] NVRM: {text}0x1"
    assert findings(line, "[  101.000000] NVRM: No firmware image found").keys() == {"LOG005"}
    assert findings(line).keys() <= {"LOG220"}
    assert heard(with_log(line)).unjudged


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("NVRM: GPU0 kbifFrobnicate_GH100: the frobnicator failed", "PCIe and BARs"),
        ("NVRM: knvlinkFoo_IMPL: failed with status 0x40", "NVLink"),
        ("NVRM: nvFoo: it failed", "Linux interface"),
        ("nvidia-uvm: foo failed", ""),
    ],
)
def test_what_no_row_knows_is_unexplained_and_names_its_part(line: str, part: str) -> None:
    found = findings(f"[  100.000000] {line}")
    assert {name: one.state for name, one in found.items()} == {"LOG220": "warning"}
    assert part in found["LOG220"].summary


def test_a_message_that_the_source_prints_as_an_error_is_bad_without_a_bad_word() -> None:
    line = "NVRM: GPU0 kmemsysFoo_GH100: Unsupported aperture"
    known = known_format(line.lower())
    assert known is not None
    assert known.level == "error"
    assert part_of("nvrm: something", "mem_fabric.c") == "NVLink fabric and multicast"


def test_an_unexplained_format_says_where_the_source_has_it() -> None:
    found = findings("[  100.000000] NVRM: GPU0 kbusFoo_GM107: Peer number table doesn't support >8 GPUs")
    assert "kern_bus_gm107.c" in " ".join(found["LOG220"].evidence)


@pytest.mark.parametrize(
    ("text", "gpu"),
    [
        ("[Mon Nov 30 04:37:06 2026] NVRM: GPU 0000:01:00.0: x", "0000:01:00"),
        ("[    1.0] DMAR: [DMA Read] Request device [65:00.0] fault addr 0x0", "0000:65:00"),
        ("NVRM: Xid (PCI:0009:01:00): 79", "0009:01:00"),
        ("NVRM: GPU0 kgsp: (PCI ID: 10de:2b85) at 04:37:06", ""),
        ("NVRM: GPU 00000000:81:00.0: x", "0000:81:00"),
    ],
)
def test_the_address_that_a_message_names(text: str, gpu: str) -> None:
    assert address(text) == gpu


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:01:00.0 domain=0x000f address=0x0 flags=0x0020]", "LOG221"),
        ("nvidia 0000:01:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000f address=0x0 flags=0x20]", "LOG221"),
        ("DMAR: [INTR-REMAP] Request device [01:00.0] fault index 0x1e [fault reason 0x25]", "LOG221"),
        ("nvidia 0000:01:00.0: Refused to change power state from D0 to D3hot", "LOG207"),
        ("nvidia 0000:01:00.0: can't change power state from D3cold to D0 (config space inaccessible)", "LOG207"),
        ("snd_hda_intel 0000:01:00.1: Unable to change power state from D3cold to D0, device inaccessible", "LOG207"),
        ("pci 0000:01:00.0: BAR 1: no space for [mem size 0x400000000 64bit pref]", "LOG219"),
        ("pci 0000:01:00.0: BAR 1: failed to assign [mem size 0x400000000 64bit pref]", "LOG219"),
        ("nvidia 0000:01:00.0: PCIe Bus Error: severity=Correctable, type=Data Link Layer, (Transmitter ID)", "LOG225"),
        ("nvidia 0000:01:00.0: PCIe Bus Error: severity=Uncorrected (Fatal), type=Inaccessible, (UID)", "LOG225"),
        ("nvidia_uvm: disagrees about version of symbol nvUvmInterfaceRegisterGpu", "LOG012"),
        ("BPF:[168303] STRUCT failed to validate module [nvidia_drm] BTF: -22", "LOG012"),
        ("Loading of module with unavailable key is rejected", "LOG011"),
        ("nvidia_peermem: module using GPL-only symbols uses symbols x from proprietary module nvidia.", "LOG209"),
        ("nvidia_drm: Unknown symbol drm_gem_object_free (err -2)", "LOG209"),
        ("traps: Missing ENDBR: init_module+0x0/0x1000 [nvidia]", "LOG217"),
        ("Missing ENDBR: nv_drm_init+0x0/0x40 [nvidia_drm]", "LOG217"),
    ],
)
def test_what_the_kernel_itself_says_of_an_nvidia_device(line: str, rule: str) -> None:
    assert findings(f"[  100.000000] {line}").keys() == {rule}
    other = line.replace("01:00", "7f:00")
    if "7f:00" in other:
        assert rule not in findings(f"[  100.000000] {other}"), "another vendor's device"


WPR2 = "NVRM: _kgspBootGspRm: unexpected WPR2 already up, cannot proceed with booting GSP"
FAILED = "NVRM: GPU 0000:01:00.0: RmInitAdapter failed! (0x62:0x40:1941)"
LOAD = "NVRM: loading NVIDIA UNIX Open Kernel Module for x86_64  595.45.04"
CRASH = "NVRM: Xid (PCI:0000:01:00): 120, GSP task exception: load access page fault (cause:0xd)"
LOST = "NVRM: Xid (PCI:0000:01:00): 79, pid=1, GPU has fallen off the bus."
ASKS = "NVRM: Xid (PCI:0000:01:00): 154, GPU recovery action changed from 0x0 (None) to 0x2 (Node Reboot Required)"
D3COLD = "nvidia 0000:01:00.0: Unable to change power state from D3cold to D0, device inaccessible"
OFF = "NVRM: GPU 0000:01:00.0: GPU has fallen off the bus."
RPC = "NVRM: _issueRpcAndWait: rpcSendMessage failed with status 0x0000000f for fn 78 sequence 1091!"
UVM = "NVRM: nvGpuOpsReportFatalError: uvm encountered global fatal error 0x60, requiring os reboot to recover."
FWSEC = "NVRM: GPU0 kgspExecuteFwsec_TU102: failed to execute FWSEC for FRTS: FRTS error code 0x492f"
GENERIC = (
    "NVRM: GPU0 nvAssertOkFailedNoLog: Assertion failed: Failure: Generic Error [NV_ERR_GENERIC] (0x0000FFFF) "
    "returned from status @ kernel_gsp_tu102.c:511"
)
BRIDGE = "NVRM: clCheckUpstreamLtrSupport_IMPL: PCIE config space is inaccessible!"
FIRMWARE = "NVRM: RmInitAdapter: Cannot initialize GSP firmware RM"
MULTIPLE = "nvidia 0000:01:00.0: PCIe Bus Error: severity=Uncorrectable (Fatal), type=Transaction Layer, (Receiver ID)"


@pytest.mark.parametrize(
    ("lines", "first", "echoes"),
    [
        ((WPR2, FAILED), "LOG208", {"LOG002"}),
        ((CRASH, FAILED, WPR2, FAILED), "XID002", {"LOG002", "LOG208"}),
        ((FAILED, WPR2), "LOG002", {"LOG208"}),
        ((LOST, ASKS, FAILED), "XID001", {"XID011", "LOG002"}),
        ((D3COLD, LOST, FAILED), "LOG207", {"XID001", "LOG002"}),
        ((MULTIPLE, LOST, ASKS), "LOG225", {"XID001", "XID011"}),
        ((LOST, OFF, ASKS, RPC, UVM), "XID001", {"LOG201", "XID011", "LOG212", "LOG203"}),
        ((BRIDGE, FWSEC, FAILED), "LOG208", {"LOG002"}),
        ((FWSEC, GENERIC, WPR2, FIRMWARE, FAILED), "LOG208", {"LOG227", "LOG002"}),
    ],
)
def test_the_first_failure_is_the_cause_and_what_follows_its_echo(
    lines: tuple[str, ...], first: str, echoes: set[str]
) -> None:
    found = findings(*(f"[  {100 + at}.000000] {line}" for at, line in enumerate(lines)))
    assert {name for name, one in found.items() if one.state == "error"} == {first}
    assert {name: one.caused_by for name, one in found.items() if one.state == "skipped"} == dict.fromkeys(
        echoes, first
    )


def test_every_gpu_that_fails_alike_is_named() -> None:
    """What would be an echo on one GPU is the first failure of another."""
    fmc = "NVRM: kgspBootstrap_GH100: GPU 0000:65:00.0: GSP-FMC reported an error while attempting to boot GSP: 0xb"
    lines = (fmc, f"{WPR2} (0000:81:00.0)", f"{FIRMWARE} (0000:65:00.0)", f"{FIRMWARE} (0000:81:00.0)")
    rule = RULES["LOG208"]
    said = judge(rule, with_log(*(f"[  {100 + at}.000000] {line}" for at, line in enumerate(lines))))
    assert [(one.subject, len([line for line in one.evidence if line.startswith("then: ")])) for one in said] == [
        ("PCI 0000:65:00.0", 1),
        ("PCI 0000:81:00.0", 1),
    ]


def test_a_failure_of_another_gpu_or_of_an_earlier_load_is_no_cause() -> None:
    other = FAILED.replace("01:00", "65:00")
    found = findings(f"[  100.000000] {CRASH}", f"[  101.000000] {other}")
    assert {name: one.state for name, one in found.items()} == {"XID002": "error", "LOG002": "error"}
    again = with_log(f"[  100.000000] {CRASH}", f"[  101.000000] {LOAD}", f"[  102.000000] {FAILED}")
    assert [one.caused_by for one in judge(RULES["LOG002"], again)] == [""], "the log does not say so; the stages may"


def test_a_message_that_names_no_gpu_is_that_of_the_only_one() -> None:
    assert findings(f"[ 1.0] {WPR2}")["LOG208"].subject == "PCI 0000:01:00.0"
    assert findings("[ 1.0] NVRM: API mismatch: the client has the version 1")["LOG010"].subject == "this machine"


def test_statuses_and_stages_are_named() -> None:
    found = findings("[ 1.0] NVRM: GPU 0000:01:00.0: RmInitAdapter failed! (0x26:0x56:1463)")
    assert "configuring DMA: not supported (NV_ERR_NOT_SUPPORTED)" in found["LOG002"].summary
    for code, words in {
        0x1F: "INVALID_ARGUMENT",
        0x38: "INVALID_OPERATION",
        0x55: "NOT_READY",
        0x65: "TIMEOUT",
    }.items():
        line = f"[ 1.0] NVRM: kgsp: failed to execute Booter Load (ucode for initial boot): {code:#x}"
        assert f"NV_ERR_{words}" in findings(line)["LOG208"].summary
