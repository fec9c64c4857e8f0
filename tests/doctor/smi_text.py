"""Makes of ``nvidia-smi -q`` (text) what ``nvidia-smi -q -x`` (XML) would have said, as far as a case keeps it."""

from __future__ import annotations

from xml.etree import ElementTree

from tests.doctor.smi import REASONS

LEAVES = {
    "Product Name": "product_name", "Product Architecture": "product_architecture", "Minor Number": "minor_number",
    "VBIOS Version": "vbios_version", "Performance State": "performance_state", "Fan Speed": "fan_speed",
    "Persistence Mode": "persistence_mode", "Compute Mode": "compute_mode",
    "GPU Recovery Action": "gpu_recovery_action", "GSP Firmware Version": "gsp_firmware_version",
}  # fmt: skip
TOP = {
    "Driver Version": "driver_version", "KMD Version": "driver_version",
    "CUDA Version": "cuda_version", "CUDA UMD Version": "cuda_version",
}  # fmt: skip
SECTIONS = {
    "FB Memory Usage": ("fb_memory_usage", {"Total": "total", "Used": "used"}),
    "BAR1 Memory Usage": ("bar1_memory_usage", {"Total": "total"}),
    "MIG Mode": ("mig_mode", {"Current": "current_mig", "Pending": "pending_mig"}),
    "ECC Mode": ("ecc_mode", {"Current": "current_ecc", "Pending": "pending_ecc"}),
    "Ecc Mode": ("ecc_mode", {"Current": "current_ecc", "Pending": "pending_ecc"}),
    "GPU Virtualization Mode": ("gpu_virtualization_mode", {"Virtualization Mode": "virtualization_mode"}),
    "PCI": ("pci", {"Bus Id": "pci_bus_id", "Device Id": "pci_device_id", "Replays Since Reset": "replay_counter"}),
    "PCIe Generation": ("pci", {"Max": "max_link_gen", "Current": "current_link_gen"}),
    "Link Width": ("pci", {"Max": "max_link_width", "Current": "current_link_width"}),
    "Temperature": ("temperature", {
        "GPU Current Temp": "gpu_temp", "GPU Slowdown Temp": "gpu_temp_slow_threshold",
        "Memory Current Temp": "memory_temp", "Memory Max Operating Temp": "gpu_temp_max_mem_threshold",
    }),
    "GPU Power Readings": ("gpu_power_readings", {
        "Power Draw": "power_draw", "Average Power Draw": "average_power_draw",
        "Current Power Limit": "current_power_limit", "Default Power Limit": "default_power_limit",
    }),
    "Power Readings": ("power_readings", {
        "Power Draw": "power_draw", "Power Limit": "power_limit", "Enforced Power Limit": "enforced_power_limit",
        "Default Power Limit": "default_power_limit",
    }),
    "Clocks": ("clocks", {"SM": "sm_clock", "Memory": "mem_clock"}),
    "Max Clocks": ("max_clocks", {"SM": "sm_clock", "Memory": "mem_clock"}),
    "Applications Clocks": ("applications_clocks", {"Graphics": "graphics_clock"}),
    "Default Applications Clocks": ("default_applications_clocks", {"Graphics": "graphics_clock"}),
    "Volatile": ("ecc_errors/volatile", {
        "SRAM Correctable": "sram_correctable", "SRAM Uncorrectable": "sram_uncorrectable",
        "SRAM Uncorrectable Parity": "sram_uncorrectable_parity",
        "SRAM Uncorrectable SEC-DED": "sram_uncorrectable_secded",
        "DRAM Correctable": "dram_correctable", "DRAM Uncorrectable": "dram_uncorrectable",
    }),
    "Aggregate": ("ecc_errors/aggregate", {
        "SRAM Correctable": "sram_correctable", "SRAM Uncorrectable": "sram_uncorrectable",
        "SRAM Uncorrectable Parity": "sram_uncorrectable_parity",
        "SRAM Uncorrectable SEC-DED": "sram_uncorrectable_secded",
        "DRAM Correctable": "dram_correctable", "DRAM Uncorrectable": "dram_uncorrectable",
        "SRAM Threshold Exceeded": "sram_threshold_exceeded",
    }),
    "Retired Pages": ("retired_pages", {
        "Single Bit ECC": "multiple_single_bit_retirement", "Double Bit ECC": "double_bit_retirement",
        "Pending Page Blacklist": "pending_blacklist",
    }),
    "Remapped Rows": ("remapped_rows", {
        "Correctable Error": "remapped_row_corr", "Uncorrectable Error": "remapped_row_unc",
        "Pending": "remapped_row_pending", "Remapping Failure Occurred": "remapped_row_failure",
    }),
    "Bank Remap Availability Histogram": ("remapped_rows", {
        name: f"row_remapper_histogram_{name.lower()}" for name in ("Max", "High", "Partial", "Low", "None")
    }),
    "Fabric": ("fabric", {"State": "state", "Status": "status"}),
}  # fmt: skip
_REASONS = {
    "Idle": 0, "Applications Clocks Setting": 1, "SW Power Cap": 2, "HW Slowdown": 3, "Sync Boost": 4,
    "SW Thermal Slowdown": 5, "HW Thermal Slowdown": 6, "HW Power Brake Slowdown": 7, "Display Clock Setting": 8,
}  # fmt: skip
SECTION = 4
"""How far a GPU's sections are indented."""
SECTIONS |= {
    header: ("clocks_event_reasons", {name: f"clocks_event_reason_{REASONS[bit]}" for name, bit in _REASONS.items()})
    for header in ("Clocks Event Reasons", "Clocks Throttle Reasons", "HW Slowdown")
}


def as_xml(text: str) -> ElementTree.Element:
    """Return the log as ``nvidia-smi -q -x`` would have it."""
    log = ElementTree.Element("nvidia_smi_log")
    gpu, headers = log, {0: ""}
    for line in filter(str.strip, text.splitlines()):
        depth = len(line) - len(line.lstrip())
        headers = {at: header for at, header in headers.items() if at < depth} or {0: ""}
        name, _, words = (part.strip() for part in line.partition(" : "))
        if line.startswith("GPU 0"):
            gpu = ElementTree.SubElement(log, "gpu")
            ElementTree.SubElement(gpu, "processes")
        elif name == "MIG Device":
            ElementTree.SubElement(_section(gpu, "mig_devices"), "mig_device")
        elif headers.get(SECTION) == "MIG Device":
            _in_a_slice(gpu, headers[max(headers)], name, words)
        elif gpu is log:
            _put(log, TOP.get(name, ""), words.partition(" ")[0])  # 610 says "610.57.04 [Deprecated; …]"
        else:
            _in_a_gpu(gpu, headers[max(headers)], name, words)
        headers[depth] = name
    return log


def _in_a_gpu(gpu: ElementTree.Element, header: str, name: str, words: str) -> None:
    """Take one line of a GPU, which stands below `header`."""
    processes = gpu[0]
    if name == "Process ID":
        _put(ElementTree.SubElement(processes, "process_info"), "pid", words)
    elif header == "Process ID":
        _put(processes[-1], {"Type": "type", "Used GPU Memory": "used_memory"}.get(name, ""), words)
    elif header in SECTIONS:
        tag, names = SECTIONS[header]
        if name in names:
            _put(_section(gpu, tag), names[name], words)
    elif name in SECTIONS and words:  # "N/A" for the whole
        _put(gpu, SECTIONS[name][0], words)
    if name in LEAVES and header.startswith("GPU 0"):
        _put(gpu, LEAVES[name], words)


def _in_a_slice(gpu: ElementTree.Element, header: str, name: str, words: str) -> None:
    """Take one line of the MIG device that the log has come to."""
    one = _section(gpu, "mig_devices")[-1]
    if header == "MIG Device":
        _put(
            one,
            {"GPU Instance ID": "gpu_instance_id", "Compute Instance ID": "compute_instance_id"}.get(name, ""),
            words,
        )
    elif header in {"FB Memory Usage", "Shared FB Memory Usage"} and name == "Total":
        _put(_section(one, "fb_memory_usage"), "total", words)


def _section(gpu: ElementTree.Element, path: str) -> ElementTree.Element:
    for tag in path.split("/"):
        found = gpu.find(tag)
        gpu = ElementTree.SubElement(gpu, tag) if found is None else found
    return gpu


def _put(parent: ElementTree.Element, tag: str, words: str) -> None:
    if tag and parent.find(tag) is None:
        ElementTree.SubElement(parent, tag).text = words
