"""Device specifications of the Container Device Interface: for which driver they were made, and what has gone since."""

from __future__ import annotations

import re

from gpusetup.machine.host import Host
from gpusetup.machine.model import CdiSpec, Reading, Unread

FOLDERS = ("/etc/cdi", "/run/cdi", "/var/run/cdi")
MOST_MISSING = 20
# The same in JSON ("hostPath": "/usr/lib64/…") and in YAML (hostPath: /usr/lib64/…); containerPath is another word.
_VERSION = r"""\bcdiVersion["']?\s*:\s*["']?(\d[\d.]*)"""
_PATH = r"""\b(?:hostPath|path)["']?\s*:\s*["']?(/[^"'\s,]+)"""
# a node and, right after it, its number: YAML has one to a line, JSON a comma between
_MAJOR = r"""\bpath["']?:[ ]{0,4}["']?(/dev/nvidia[\w/.-]{0,60})["']?,?\s{1,40}["']?major["']?:[ ]{0,4}(\d{1,7})"""
_KIND = r"""\bkind["']?\s*:\s*["']?([^\s"',}]+)"""
# "name" stands for devices alone; a hook has a hookName
_NAME = r"""\bname["']?\s*:\s*["']?([^\s"',}]+)"""
_UUID = ("GPU-", "MIG-")
# of 16 cards with seven MIG instances each, by index
MOST_DEVICES = 200
_DRIVER = r"/lib(?:cuda|nvidia-ml)\.so\.(\d+\.\d+(?:\.\d+)?)\b"


def find_cdi(host: Host) -> tuple[str, ...]:
    """Return the specifications that name NVIDIA, each file once, under the first folder that leads to it."""
    found: dict[str, str] = {}
    for folder in FOLDERS:
        for kind in ("json", "yaml"):
            for path in host.glob(f"{folder}/*nvidia*.{kind}"):
                found.setdefault(host.resolve(path), path)
    return tuple(found.values())


def read_cdi(host: Host) -> Reading[tuple[CdiSpec, ...]]:
    """Return the specifications, or why the first unreadable one could not be read."""
    specs = []
    for path in find_cdi(host):
        text = host.read_text(path)
        if isinstance(text, Unread):
            return text
        specs.append(_spec(host, path, text))
    return tuple(specs)


def _spec(host: Host, path: str, text: str) -> CdiSpec:
    version, driver = re.search(_VERSION, text), re.search(_DRIVER, text)
    named = dict.fromkeys(re.findall(_PATH, text))
    return CdiSpec(
        path=path,
        version=version[1].rstrip(".") if version else "",
        driver=driver[1] if driver else "",
        missing=tuple(each for each in named if not host.exists(each))[:MOST_MISSING],
        devices=_devices(text),
        majors=tuple(dict.fromkeys(re.findall(_MAJOR, text)))[:MOST_DEVICES],
    )


def _devices(text: str) -> tuple[str, ...]:
    """Return the full names; a UUID is left out, since it would identify the card wherever the answer is passed on."""
    kind = re.search(_KIND, text)
    names = dict.fromkeys(re.findall(_NAME, text)) if kind else ()
    return tuple(f"{kind[1]}={name}" for name in names if kind and not name.startswith(_UUID))[:MOST_DEVICES]
