"""Makes of a whole dump of nvidia-smi what a case of ``healthy/`` keeps, without serials, UUIDs and process names.

``python -m tests.doctor.smi_dump FILE`` prints it; FILE is of ``nvidia-smi -q -x`` or of ``nvidia-smi -q``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tests.doctor.smi import NOTHING, ONE, SEVERAL, Said
from tests.doctor.smi_text import as_xml


def trimmed(gpu: ElementTree.Element) -> dict[str, Any]:
    """Return what a case keeps of a ``<gpu>``: names and words, sections one level deep."""
    kept: dict[str, Any] = {}
    places = [place for _, places in ONE.values() for place in places]
    places += [place for parts in SEVERAL.values() for _, place in parts]
    for place in places:
        _keep(kept, gpu, place)
    for part in ("volatile", "aggregate"):
        kept |= _kept_errors(gpu, part)
    kept |= _kept_reasons(gpu) | _kept_fabric(gpu) | _kept_slices(gpu) | _kept_processes(gpu)
    return {name: _short(value) for name, value in kept.items()}


def _short(value: Any) -> Any:
    """Return one ``N/A`` for a section that has nothing else."""
    return "N/A" if isinstance(value, dict) and set(value.values()) <= {*NOTHING} else value


def _keep(kept: dict[str, Any], gpu: ElementTree.Element, place: str) -> None:
    section, _, name = place.rpartition(".")
    if not section:
        found = gpu.find(name)
        if found is not None:
            kept[name] = _text(found)
        return
    top = gpu.find(section)
    if top is None:
        return
    if not len(top):  # "N/A" instead of the section
        kept[section] = _text(top)
        return
    found = next(top.iter(name), None)
    if found is not None:
        count = found.find("retired_count")
        kept.setdefault(section, {})[name] = _text(found if count is None else count)


def _kept_errors(gpu: ElementTree.Element, part: str) -> dict[str, Any]:
    top = gpu.find(f"ecc_errors/{part}")
    if top is None:
        return {}
    kept = {one.tag: _text(total if (total := one.find("total")) is not None else one) for one in top}
    return {part: {name: words for name, words in kept.items() if words}}


def _kept_reasons(gpu: ElementTree.Element) -> dict[str, Any]:
    for tag, prefix in (("clocks_event_reasons", "clocks_event_reason_"),
                        ("clocks_throttle_reasons", "clocks_throttle_reason_")):  # fmt: skip
        top = gpu.find(tag)
        if top is not None:
            active = [one.tag.removeprefix(prefix) for one in top if _text(one) == "Active"]
            return {"clocks_event_reasons": active if len(top) else _text(top)}
    return {}


def _kept_fabric(gpu: ElementTree.Element) -> dict[str, Any]:
    top = gpu.find("fabric")
    return {} if top is None else {"fabric": {name: top.findtext(name, "N/A").strip() for name in ("state", "status")}}


def _kept_slices(gpu: ElementTree.Element) -> dict[str, Any]:
    slices = [
        {
            "gpu_instance_id": one.findtext("gpu_instance_id", ""),
            "compute_instance_id": one.findtext("compute_instance_id", ""),
            "total": one.findtext("fb_memory_usage/total", ""),
        }
        for one in gpu.iterfind("mig_devices/mig_device")
    ]
    return {"mig_devices": slices} if slices else {}


def _kept_processes(gpu: ElementTree.Element) -> dict[str, Any]:
    top = gpu.find("processes")
    if top is None:
        return {}
    fields = ("pid", "type", "used_memory")
    return {"processes": [" ".join(one.findtext(field, "") for field in fields) for one in top]}


def _text(element: ElementTree.Element) -> str:
    return (element.text or "").strip()


def as_toml(log: ElementTree.Element) -> str:
    """Return the part of a case that a dump gives."""
    lines = [f"driver = {_quoted(log.findtext('driver_version', '').partition(' ')[0])}"]
    lines += [f"cuda = {_quoted(log.findtext('cuda_version', '').partition(' ')[0])}"]
    gpus = [trimmed(gpu) for gpu in log.iter("gpu")]
    same = {name: value for name, value in gpus[0].items() if all(gpu.get(name) == value for gpu in gpus)}
    if len(gpus) > 1:
        lines += ["", "[each]", *_lines(same)]
        gpus = [{name: value for name, value in gpu.items() if name not in same} for gpu in gpus]
    for gpu in gpus:
        lines += ["", "[[gpu]]", *_lines(gpu)]
    return "\n".join(lines)


def _lines(said: Said) -> list[str]:
    return [f"{name} = {_quoted(value)}" for name, value in said.items()]


def _quoted(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_quoted(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_quoted, value)) + "]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


if __name__ == "__main__":
    dump = Path(sys.argv[1]).read_text()
    sys.stdout.write(as_toml(ElementTree.fromstring(dump) if "<gpu " in dump else as_xml(dump)) + "\n")
