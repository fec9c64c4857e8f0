"""Xids: both catalogues, the sub-codes of NVLink, the action that an Xid 154 names; and SXids of NVSwitches."""

from __future__ import annotations

import re

import pytest

from gpusetup.doctor.examine import examine
from gpusetup.doctor.finding import Finding
from gpusetup.doctor.gpu.recovery import recovery_actions
from gpusetup.doctor.messages.status import words
from gpusetup.doctor.messages.xids import _units, link_action, table
from gpusetup.doctor.registry import all_rules
from tests.doctor.machines import machine
from tests.each import each

RULES = [rule for rule in all_rules().values() if rule.id.startswith(("XID", "SXI", "LOG", "GPU001"))]


def said(*lines: str, host: str = "desktop") -> dict[str, Finding]:
    log = {"system": {"kernel": {"log!": [f"[  100.000000] {line}" for line in lines]}}}
    return {one.rule: one for one in examine(machine(host, log), RULES) if one.state not in {"ok", "skipped"}}


def xid(number: int, text: str = "pid=7, name=python", gpu: str = "PCI:0000:01:00") -> str:
    return f"NVRM: Xid ({gpu}): {number}, {text}"


@each("number", sorted(map(int, table())))
def test_every_xid_of_the_catalogues_is_told_in_words_and_never_as_unlisted(number: int) -> None:
    (found,) = said(xid(number)).values()
    row = table()[str(number)]
    assert row.means in found.summary
    assert (found.rule == "XID009") == (row.group == "named")


@pytest.mark.parametrize("number", [5, 49, 177, 999])
def test_an_xid_of_no_catalogue_is_never_healthy(number: int) -> None:
    (found,) = said(xid(number)).values()
    assert (found.rule, found.state) == ("XID009", "warning")


@pytest.mark.parametrize(
    "gpu", ["PCI:0000:01:00", "0000:01:00", "PCI:0000:01:00 GPU-I:05", "PCI:0000:01:00 GPU-I:05 GPU-CI:00"]
)
def test_the_gpu_of_an_xid_in_every_way_the_driver_names_it(gpu: str) -> None:
    found = said(xid(79, "GPU has fallen off the bus.", gpu))
    assert found["XID001"].subject == "PCI 0000:01:00.0", "as the PCI bus and every other rule name it"


def test_before_ampere_a_page_is_retired_where_a_row_is_remapped_now() -> None:
    assert "row remapping" in said(xid(63))["XID008"].summary
    assert "page retirement" in said(xid(63), host="pascal_laptop")["XID008"].summary


@pytest.mark.parametrize(
    ("code", "words", "remedy"),
    [
        (1, "a GPU reset", "reset-some-gpu"),
        (2, "a reboot of the node", "restart-machine"),
        (3, "draining its peer-to-peer work", "drain-gpu"),
        (4, "draining its work, then a GPU reset", "drain-some-and-reset"),
        (5, "recovery of its IMEX domain", "recover-some-imex"),
        (6, "a reset of the GPU's PCIe bus", "restart-machine"),
        (7, "a reboot of the system", "restart-machine"),
        (8, "an action that this gpusetup does not know", "bug-report"),
    ],
)
def test_an_xid_154_requests_what_nvml_calls_by_the_same_number(code: int, words: str, remedy: str) -> None:
    found = said(xid(154, f"GPU recovery action changed from 0x0 (None) to {code:#x} (Some Name)"))["XID011"]
    assert f"the driver requests {words}" in found.summary
    assert found.remedy is not None
    assert found.remedy.fix == remedy


def test_the_table_of_recovery_actions_has_each_number_of_nvml() -> None:
    import pynvml

    named = {
        number: name.removeprefix("NVML_GPU_RECOVERY_ACTION_")
        for name, number in vars(pynvml).items()
        if name.startswith("NVML_GPU_RECOVERY_ACTION_")
    }
    assert recovery_actions().keys() == named.keys() - {0}
    for number, name in named.items():
        if number:
            said_of = recovery_actions()[number].requests.lower()
            assert any(word in said_of for word in name.lower().replace("gpu_", "").split("_")), name


@pytest.mark.parametrize(
    ("number", "asks", "rule", "remedy"),
    [
        (94, "RST: No, D-RST: No", "XID007", "check-program"),
        (94, "RST: Yes, D-RST: No", "XID002", "reset-some-gpu"),
        (94, "RST: No, D-RST: Yes", "XID002", "drain-some-and-reset"),
        (95, "RST: Yes, D-RST: No", "XID002", "reset-some-gpu"),
    ],
)
def test_a_memory_error_says_itself_whether_the_gpu_is_to_be_reset(
    number: int, asks: str, rule: str, remedy: str
) -> None:
    found = said(xid(number, f"pid=7, name=python, Contained: CE User Channel (0x9). {asks}"))
    assert found.keys() == {rule}
    asked = found[rule].remedy
    assert asked is not None
    assert asked.fix == remedy


def test_an_xid_154_back_to_none_asks_for_nothing_and_the_newest_counts() -> None:
    back = xid(154, "GPU recovery action changed from 0x1 (GPU Reset Required) to 0x0 (None)")
    assert said(back)["XID008"].state == "info"
    assert "XID011" not in said(xid(154, "GPU recovery action changed from 0x0 (None) to 0x2 (OS Reboot)"), back)


def test_the_action_that_the_driver_names_is_the_remedy_of_the_xid_before() -> None:
    asks = xid(154, "GPU recovery action changed from 0x0 (None) to 0x2 (Node Reboot Required)")
    found = said(xid(95, "Uncontained: LTC TAG (0x2,0x0). RST: Yes, D-RST: No"), asks)
    assert found.keys() == {"XID002"}
    assert found["XID002"].remedy is not None
    assert found["XID002"].remedy.fix == "restart-machine"


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("RLW_SRC_TRACK Nonfatal XC1 i0 Link 05 (0x00000004 0x80000000 0x0 0x0 0x0 0x0)", "none"),
        ("RLW_SRC_TRACK Nonfatal XC1 i0 Link 12 (0x040988e2 0x00000008 0x0 0x0 0x0 0x0)", "154"),
        ("pid=4, name=<unknown>, RLW_SRC_TRACK Fatal XC0 i1 Link 00 (0x00000001 0x00000001)", "reset"),
        ("NETIR_LINK_DOWN Link Fatal XC0 i0 Link 01 (0x004001c6 0x00000000 0x0 0x0 0x0 0x0)", "reset"),
        ("NETIR_LINK_DOWN Fatal XC0 i0 Link 01 (0x028001c6 0x00000000 0x0 0x0 0x0 0x0)", "none"),
        ("NEW_UNIT Nonfatal XC0 i0 Link 01 (0x00000000 0x00000040 0x0 0x0 0x0 0x0)", "none"),
        ("NEW_UNIT Fatal XC0 i0 Link 01 (0x00000000 0x00000040 0x0 0x0 0x0 0x0)", "reset"),
        ("pid=1234, name=python, something", ""),
    ],
)
def test_what_an_nvlink_error_asks_for(text: str, action: str) -> None:
    assert link_action(xid(145, text)) == action
    found = said(xid(145, text), host="h100_server")
    assert found.keys() == ({"XID008"} if action in {"none", "154"} else {"XID004"})


def test_nvlink_units_are_read_with_their_source() -> None:
    units = {name: rows for name, rows in _units().items() if name}
    assert len(units) > 20
    assert {action for rows in units.values() for action in rows.values()} == {"none", "154", "reset"}
    assert _units()[""]["source"].startswith("https://docs.nvidia.com/")


def test_work_that_was_removed_after_an_earlier_xid_is_its_consequence() -> None:
    found = said(xid(95, "Uncontained"), xid(45, "pid=7, Ch 00000010 caused by previous Xid 95"))
    assert found.keys() == {"XID002"}


SWITCH = "nvidia-nvswitch3: SXid (PCI:0000:c5:00.0): "


@pytest.mark.parametrize(
    ("text", "rule", "state", "remedy"),
    [
        ("20034, Fatal, Link 24 LTSSM Fault Up", "SXI001", "error", "fabric-log"),
        ("22003, Fatal, Link 08 Minion Halt (First)", "SXI001", "error", "restart-machine"),
        ("19084, Non-fatal, Link 10 AN1 Heartbeat Timeout Error (First)", "SXI002", "info", "fabric-log"),
        ("24001, Correctable, Link 10 single bit (First)", "SXI002", "info", "fabric-log"),
        ("10004, NVSWITCH Temperature 95C | TSENSE WARN Threshold 90C", "LOG014", "error", "fabric-log"),
        ("99999, Fatal, Link 01 something new", "SXI001", "error", "fabric-log"),
    ],
)
def test_an_sxid_is_as_severe_as_it_says(text: str, rule: str, state: str, remedy: str) -> None:
    (found,) = said(SWITCH + text, host="h100_server").values()
    assert (found.rule, found.state) == (rule, state)
    assert found.remedy is not None
    assert found.remedy.fix == remedy
    assert found.subject == "nvidia-nvswitch3 (PCI 0000:c5:00.0)"


def test_an_sxid_is_named_as_the_switch_driver_names_it() -> None:
    summary = said(f"{SWITCH}20034, Fatal, Link 24 LTSSM Fault Up", host="h100_server")["SXI001"].summary
    assert re.search(r"SXid 20034 \(fatal\): DLPL_LTSSM_FAULT_UP: an NVLink went down", summary)
    assert all(number.isdecimal() for number in words("switch fabric"))
