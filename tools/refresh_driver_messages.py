"""Derives from NVIDIA's open kernel modules what a release build of the driver can print at error or warning level.

    python -m tools.refresh_driver_messages CLONE [--write]

CLONE is a clone of https://github.com/NVIDIA/open-gpu-kernel-modules (a bare one will do); the newest tag of each
branch is read. Derived are, in ``gpusetup/doctor/messages/``: ``formats.json``, per source file its formats, with the
first and the last branch that has each; ``breaks.json``, with what the further lines of a message begin that is broken
into several; ``status.json`` and ``sxid.json``, the names of NV_STATUS and of the SXids. What a format means is judged
by hand, in ``judged.json`` beside them; ``tools/count_driver_messages.py`` counts how far that goes.

What a release build prints was read in its own source (595.45.04):

- ``NV_PRINTF`` from ``LEVEL_ERROR`` on (src/nvidia/src/kernel/diagnostics/nvlog_printf.c, ``nvDbg_PrintMsg``), in the
  open modules alone: the proprietary build leaves these strings out (nvprintf.h, ``NV_PRINTF_STRINGS_ALLOWED``);
- ``nv_printf`` from ``NV_DBG_WARNINGS`` on (kernel-open/nvidia/os-interface.c: ``(cur_debuglevel >> 4) & 0x3`` is 3);
- ``portDbgPrintf``, ``nvErrorLog_va`` (an Xid) and ``NVSWITCH_PRINT_SXID`` always; ``NVSWITCH_PRINT`` and
  ``NVLINK_PRINT`` never;
- ``UVM_ERR_PRINT`` only with ``uvm_debug_prints=1``, so only its ``_ALWAYS`` forms count;
- nvidia-modeset's ``nvEvoLog*`` and ``nvkms_log`` but not their ``Debug`` forms; all of nvidia-drm's errors.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tools.c_calls import Call, calls, literal

TABLES = Path(__file__).resolve().parent.parent / "gpusetup/doctor/messages"
FOLDERS = ("kernel-open", "src/nvidia/src", "src/nvidia/arch", "src/nvidia-modeset", "src/common")
STATUSES = "src/common/sdk/nvidia/inc/nvstatuscodes.h"
SXIDS = "src/common/nvswitch/interface/ctrl_dev_nvswitch.h"
FIRST_BRANCH = 535  # the oldest that NVIDIA still kept up in 2026
MACROS = {
    "NV_PCI_DEV_FMT": "%04x:%02x:%02x.%x", "NVLINK_PCI_DEV_FMT": "%04x:%02x:%02x.%x", "NV_PCI_DEVID_FMT": "%04x:%04x",
    "NV_VERSION_STRING": "%s", "NVIDIA_UVM_PRETTY_PRINTING_PREFIX": "", "NVKMS_LOG_PREFIX": "", "KERN_ERR": "",
    "KERN_CRIT": "", "KERN_WARNING": "", "NvU64_fmtu": "llu", "NvU64_fmtx": "llx", "NvS64_fmtd": "lld",
}  # fmt: skip
_ERRORS = frozenset({"LEVEL_ERROR", "LEVEL_HW_ERROR", "LEVEL_FATAL", "NV_DBG_ERRORS", "EVO_LOG_ERROR",
                     "NVKMS_LOG_LEVEL_ERROR"})  # fmt: skip
_WARNINGS = frozenset({"NV_DBG_WARNINGS", "EVO_LOG_WARN", "NVKMS_LOG_LEVEL_WARN"})
_CONVERSION = r"%[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|z|j|t)?[diouxXcsp]|%%"


class Style(NamedTuple):
    """How one printing macro is called: where its level and its format stand, -1 for a level of its own."""

    level: int
    format: int
    prefix: str = ""
    own_level: str = "error"


STYLES = {
    "NV_PRINTF": Style(0, 1),
    "NV_PRINTF_EX": Style(1, 2),
    "nv_printf": Style(0, 1),
    "NV_DEV_PRINTF": Style(0, 2, "GPU %04x:%02x:%02x.%x: "),
    "NV_DEV_PRINTF_STATUS": Style(0, 3, "GPU %04x:%02x:%02x.%x: "),
    "nvErrorLog_va": Style(-1, 2, "Xid: "),
    "NVSWITCH_PRINT_SXID": Style(-1, 2, "SXid: "),
    "NVSWITCH_PRINT_SXID_NO_BBX": Style(-1, 2, "SXid: "),
    "portDbgPrintf": Style(-1, 0),
    "UVM_ERR_PRINT_ALWAYS": Style(-1, 0),
    "UVM_ERR_PRINT_ALWAYS_RL": Style(-1, 0),
    "nvEvoLog": Style(0, 1),
    "nvEvoLogDev": Style(1, 2),
    "nvEvoLogDisp": Style(1, 2),
    "nvkms_log": Style(0, 2),
    "NV_DRM_DEV_LOG_ERR": Style(-1, 1),
    "NV_DRM_LOG_ERR": Style(-1, 0),
    "NV_DRM_DEV_LOG_WARN": Style(-1, 1, own_level="warning"),
    "NV_DRM_LOG_WARN": Style(-1, 0, own_level="warning"),
    "printk": Style(-1, 0, own_level="printk"),
    "pr_err": Style(-1, 0),
    "peer_err": Style(-1, 0),
    "dev_warn": Style(-1, 1, own_level="warning"),
    "dev_err": Style(-1, 1),
}


class Format(NamedTuple):
    """One thing that the driver can print: level, text with its conversions as ``%``."""

    level: str
    text: str


def formats(text: str) -> Iterator[Format]:
    """Yield what one C file can print in a release build, at warning level and above."""
    for call in calls(text, frozenset(STYLES)):
        style = STYLES[call.name]
        if len(call.arguments) <= max(style.format, style.level):
            continue
        level = _level(call, style)
        found = literal(call.arguments[style.format], MACROS) if level else None
        if found and (plain := _plain(style.prefix + found)):
            yield Format(level, plain)


def _level(call: Call, style: Style) -> str:
    if style.own_level == "printk":
        head = call.arguments[0].split()[0] if call.arguments[0] else ""
        return {"KERN_ERR": "error", "KERN_CRIT": "error", "KERN_WARNING": "warning"}.get(head, "")
    if style.level < 0:
        return style.own_level
    said = call.arguments[style.level]
    return "error" if said in _ERRORS else "warning" if said in _WARNINGS else ""


def _plain(text: str) -> str:
    """Return the text on one line, its conversions as ``%``, without the module's name before each line."""
    text = re.sub(_CONVERSION, lambda one: "\0" if one[0] != "%%" else "%%", text)
    text = re.sub(r"^\0?(?:NVRM|nvidia-\w+): *|\n+(?:NVRM: *)?", " ", text)
    text = re.sub(r"\s+", " ", text).strip()
    letters = re.findall("[A-Za-z]", text)
    return text.replace("\0", "%") if len(letters) > 5 else ""


class Clone:
    """A local clone, read through git alone."""

    def __init__(self, path: str) -> None:
        self._git = ("git", "-C", path)

    def _run(self, *words: str) -> str:
        done = subprocess.run([*self._git, *words], capture_output=True, check=True)
        return done.stdout.decode(errors="replace")

    def newest_tags(self) -> dict[int, str]:
        """Return branch → newest tag of it."""
        tags = [tag for tag in self._run("tag").split() if re.fullmatch(r"\d+(\.\d+){1,2}", tag)]
        newest: dict[int, str] = {}
        for tag in sorted(tags, key=lambda tag: tuple(map(int, tag.split(".")))):
            newest[int(tag.split(".")[0])] = tag
        return {branch: tag for branch, tag in newest.items() if branch >= FIRST_BRANCH}

    def files(self, tag: str) -> Iterator[tuple[str, str]]:
        """Yield path and blob of each C file of the folders that print."""
        for line in self._run("ls-tree", "-r", tag, "--", *(f"{one}/" for one in FOLDERS)).splitlines():
            head, _, path = line.partition("\t")
            if path.endswith((".c", ".h", ".cpp")) and "/swref/" not in path:
                yield path, head.split()[2]

    def text(self, tag: str, path: str) -> str:
        """Return one file as `tag` has it."""
        return self._run("show", f"{tag}:{path}")

    @cache  # noqa: B019 - one clone lives as long as the program
    def breaks(self, blob: str) -> frozenset[str]:
        """Return with what further lines of a message begin in the file `blob`."""
        found = re.findall(r'\\n"\s+"NVRM: +([^ %"\\\\][^%"\\]{2,19})', self._run("cat-file", "blob", blob))
        return frozenset(one.lower() for one in found) - {"the nvidia gpu "}  # with which a first line begins as well

    @cache  # noqa: B019 - one clone lives as long as the program
    def formats(self, blob: str) -> tuple[Format, ...]:
        """Return what the file `blob` can print; branches share most of them."""
        return tuple(formats(self._run("cat-file", "blob", blob)))


def derive(clone: Clone) -> dict[str, dict[Format, list[int]]]:
    """Return file → format → the branches that have it."""
    found: dict[str, dict[Format, list[int]]] = {}
    for branch, tag in clone.newest_tags().items():
        for path, blob in clone.files(tag):
            for one in clone.formats(blob):
                branches = found.setdefault(path.rsplit("/", 1)[-1], {}).setdefault(one, [])
                if branch not in branches:
                    branches.append(branch)
    return found


def rows(found: dict[str, dict[Format, list[int]]]) -> dict[str, list[tuple[str, str, int, int]]]:
    """Return file → (format, level, first branch, last branch), as the table holds it."""
    return {
        file: sorted((one.text, one.level, min(seen), max(seen)) for one, seen in some.items())
        for file, some in sorted(found.items())
    }


def breaks(clone: Clone, tags: Iterable[str]) -> list[str]:
    """Return with what the second and further lines of a broken message begin, in small letters."""
    found: set[str] = set()
    for tag in tags:
        for _, blob in clone.files(tag):
            found.update(clone.breaks(blob))
    return sorted(found)


def numbers(text: str, pattern: str) -> dict[str, str]:
    """Return number → name of every row of `text` that `pattern` finds as name and number."""
    return {str(int(number, 0)): name for name, number in re.findall(pattern, text)}


def write(name: str, value: object) -> None:
    """Write a table, one row a line, so that a new release shows as a small difference."""
    text = json.dumps(value, indent=0, ensure_ascii=False)
    text = re.sub(r'\[\n("(?:[^"\\]|\\.)*"),\n("[a-z]+"),\n(\d+),\n(\d+)\n\]', r"[\1, \2, \3, \4]", text)
    (TABLES / f"{name}.json").write_text(text + "\n")


def main() -> None:
    """Print how much each branch has; with ``--write`` the tables are written."""
    clone = Clone(sys.argv[1])
    tags = clone.newest_tags()
    found = derive(clone)
    for branch, tag in tags.items():
        seen = [one for some in found.values() for one, branches in some.items() if branch in branches]
        print(f"{tag}: {sum(one.level == 'error' for one in seen)} errors, {len(seen)} formats")
    if "--write" in sys.argv[2:]:
        newest = max(tags.items())[1]
        write("formats", {"": list(tags.values())} | rows(found))
        write("breaks", breaks(clone, tags.values()))
        write("status", numbers(clone.text(newest, STATUSES), r"NV_STATUS_CODE\((\w+), +(0x[0-9A-Fa-f]+)"))
        write("sxid", numbers(clone.text(newest, SXIDS), r"NVSWITCH_ERR_HW_(\w+) += (\d+)"))


if __name__ == "__main__":
    main()
