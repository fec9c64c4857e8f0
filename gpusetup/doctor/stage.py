"""The stages of a GPU stack in the order in which each needs the one before, and where each rule's problem sits."""

from __future__ import annotations

STAGES = (
    "bus",
    "firmware",
    "kernel module",
    "device nodes",
    "driver library",
    "libraries",
    "framework",
    "container",
    "upkeep",
)
"""Device nodes stand before the driver library: NVML opens ``/dev/nvidiactl`` when it is initialised. Upkeep is
what works today and will not be repaired: it never comes before what does not work."""
PLACE = {stage: place for place, stage in enumerate(STAGES)}

_BY_PREFIX = {
    "BUS": "bus", "FAB": "bus", "GPU": "bus", "MEM": "bus", "PCI": "bus", "PWR": "bus", "REC": "bus",
    "SXI": "bus", "XID": "bus",
    "KRN": "kernel module", "LOG": "kernel module", "SEC": "kernel module",
    "PRM": "device nodes",
    "ANS": "driver library", "DRV": "driver library", "SHR": "driver library", "WSL": "driver library",
    "HST": "libraries", "LIB": "libraries", "LIM": "libraries", "TKT": "libraries",
    "ENV": "framework", "FWK": "framework", "PYT": "framework", "WHL": "framework",
    "CTR": "container", "IMG": "container",
}  # fmt: skip
LAST = "container"


def stage_of(rule_id: str) -> str:
    """Return the stage of a rule by the letters of its id; rules of other distributions count as the last."""
    return _BY_PREFIX.get(rule_id.rstrip("0123456789"), LAST)
