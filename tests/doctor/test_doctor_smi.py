"""What nvidia-smi says becomes a machine, and a sick one's words are not lost on the way."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from gpusetup.doctor.examine import examine
from gpusetup.doctor.registry import all_rules
from tests.doctor.healthy_hosts import made, said
from tests.doctor.smi import NOT_SHOWN, NOT_SUPPORTED, readings
from tests.doctor.smi_dump import as_toml
from tests.doctor.smi_text import as_xml

XML = """<nvidia_smi_log>
  <driver_version>580.95.05</driver_version><cuda_version>13.0</cuda_version>
  <gpu id="00000000:41:00.0">
    <product_name>NVIDIA A40</product_name><serial>1320000000000</serial><uuid>GPU-secret</uuid>
    <pci><pci_bus_id>00000000:41:00.0</pci_bus_id><pci_device_id>223510DE</pci_device_id>
      <pci_gpu_link_info><link_widths><max_link_width>16x</max_link_width>
        <current_link_width>8x</current_link_width></link_widths></pci_gpu_link_info></pci>
    <fb_memory_usage><total>46068 MiB</total><used>1 MiB</used></fb_memory_usage>
    <clocks_event_reasons><clocks_event_reason_hw_slowdown>Active</clocks_event_reason_hw_slowdown>
      <clocks_event_reason_gpu_idle>Not Active</clocks_event_reason_gpu_idle></clocks_event_reasons>
    <ecc_errors><aggregate><sram_uncorrectable>1</sram_uncorrectable><dram_uncorrectable>2</dram_uncorrectable>
      </aggregate></ecc_errors>
    <fan_speed>N/A</fan_speed>
    <processes><process_info><pid>77</pid><type>C</type><process_name>/home/ada/secret</process_name>
      <used_memory>310 MiB</used_memory></process_info></processes>
  </gpu>
</nvidia_smi_log>"""

TEXT = """==============NVSMI LOG==============

Driver Version                            : 580.95.05
CUDA Version                              : 13.0

Attached GPUs                             : 1
GPU 00000000:41:00.0
    Product Name                          : NVIDIA A40
    Serial Number                         : 1320000000000
    PCI
        Device Id                         : 0x223510DE
        Bus Id                            : 00000000:41:00.0
        GPU Link Info
            Link Width
                Max                       : 16x
                Current                   : 8x
    Fan Speed                             : N/A
    Clocks Event Reasons
        Idle                              : Not Active
        HW Slowdown                       : Active
            HW Thermal Slowdown           : Not Active
    FB Memory Usage
        Total                             : 46068 MiB
        Used                              : 1 MiB
    ECC Errors
        Aggregate
            SRAM Uncorrectable            : 1
            DRAM Uncorrectable            : 2
    Processes
        Process ID                        : 77
            Type                          : C
            Name                          : /home/ada/secret
            Used GPU Memory               : 310 MiB
"""


@pytest.mark.parametrize("log", [ElementTree.fromstring(XML), as_xml(TEXT)], ids=["xml", "text"])
def test_a_dump_becomes_readings(log: ElementTree.Element) -> None:
    text = as_toml(log)
    assert not [word for word in ("secret", "1320000000000") if word in text]
    case = tomllib.loads(text)
    assert case["driver"] == "580.95.05"
    gpu = readings(case["gpu"][0])
    assert gpu["pci_address"] == "0000:41:00.0"
    assert gpu["pci_device"] == "2235"
    assert gpu["pcie_width"] == [8, 16]
    assert gpu["memory_total"] == 46068 << 20
    assert gpu["throttle_reasons"] == 8
    assert gpu["ecc_uncorrected"] == 3
    assert gpu["fan"] == NOT_SUPPORTED
    assert gpu["power"] == NOT_SHOWN
    assert gpu["processes"] == [{"pid": 77, "graphics": False, "memory": 310 << 20}]


def test_the_slices_of_a_gpu_are_read_and_their_errors_are_not_the_gpus() -> None:
    log = as_xml(
        """Driver Version : 590.48.01
GPU 00000000:00:09.0
    MIG Device
        Index                         : 0
        GPU Instance ID               : 2
        Compute Instance ID           : 0
        ECC Errors
            Volatile
                SRAM Uncorrectable    : 7
        Shared FB Memory Usage
            Total                     : 40448 MiB
    FB Memory Usage
        Total                         : 81559 MiB
"""
    )
    gpu = readings(tomllib.loads(as_toml(log))["gpu"][0])
    assert gpu["memory_total"] == 81559 << 20
    assert gpu["ecc_volatile"] == NOT_SHOWN
    (one,) = gpu["mig_devices"]
    assert (one["gpu_instance"], one["compute_instance"], one["memory_total"]) == (2, 0, 40448 << 20)


def test_words_that_no_healthy_machine_says_are_no_reading() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        readings({"temperature": {"gpu_temp": "ERR!"}})
    with pytest.raises(KeyError):
        readings({"persistence_mode": "Unknown Error"})


SICK: dict[str, dict[str, Any]] = {
    "recovery action": {"gpu_recovery_action": "Reset"},
    "too hot": {"temperature": {"gpu_temp": "99 C", "gpu_temp_slow_threshold": "95 C"}},
    "fabric": {"fabric": {"state": "In Progress", "status": "N/A"}},
    "row remapper": {"remapped_rows": {"remapped_row_corr": "0", "remapped_row_unc": "9", "remapped_row_pending": "No",
                                       "remapped_row_failure": "Yes"}},
    "thermal slowdown": {"clocks_event_reasons": ["hw_slowdown", "hw_thermal_slowdown"]},
}  # fmt: skip


@pytest.mark.parametrize("words", SICK.values(), ids=SICK)
def test_a_machine_of_the_corpus_that_falls_ill_is_accused(words: dict[str, Any], tmp_path: Path) -> None:
    case = said("hgx-h100")
    case["gpu"][3] |= words
    host = made(case, tmp_path)
    states = {
        (one.rule, one.subject) for one in examine(host, all_rules().values()) if one.state in {"error", "warning"}
    }
    assert [one for one in states if one[1] == "GPU 3"], states
