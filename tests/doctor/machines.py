"""Machines for the doctor's tests: healthy hosts from ``hosts/``, changed as a case file says.

A change is a nested table laid over the host: ``gpus.0.temperature = 101``. A key that ends in ``!`` replaces instead
of merging, one that ends in ``+`` appends to a list, one that ends in ``-`` drops what has one of the texts in it.
"""

from __future__ import annotations

import functools
import json
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from gpusetup import __version__
from gpusetup.machine.model import Machine

HERE = Path(__file__).parent
HOSTS = sorted(path.stem for path in (HERE / "hosts").glob("*.json"))


class Case(NamedTuple):
    """One table of a case file: a rule, the host that triggers it and the nearly identical one that does not."""

    name: str
    rule: str
    state: str
    fires: Machine
    quiet: Machine


def machine(host: str = "desktop", change: dict[str, Any] | None = None) -> Machine:
    """Return the healthy `host` with `change` laid over it."""
    return msgspec.convert(laid_over(_saved(host), change), Machine) if change else _healthy(host)


@functools.cache
def _healthy(host: str) -> Machine:
    return msgspec.convert(_saved(host), Machine)


@functools.cache
def _saved(host: str) -> Any:
    """Return the file's values, as of this version. Nothing may change them: what is laid over is laid over copies."""
    return {**json.loads((HERE / "hosts" / f"{host}.json").read_text()), "gpusetup": __version__}


def laid_over(value: Any, change: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_changed(one, change[str(i)]) if str(i) in change else one for i, one in enumerate(value)]
    merged = dict(value)
    for key, new in change.items():
        name = key.rstrip("!+-")
        if key.endswith("!"):
            merged[name] = new
        elif key.endswith("+"):
            merged[name] = [*merged[name], *new]
        elif key.endswith("-"):
            merged[name] = [one for one in merged[name] if not any(text in str(one) for text in new)]
        else:
            merged[name] = _changed(merged.get(name), new)
    return merged


def _changed(old: Any, new: Any) -> Any:
    mergeable = isinstance(new, dict) and isinstance(old, dict | list) and "unread" not in new
    if mergeable and isinstance(old, list):
        mergeable = all(key.isdigit() for key in new)
    return laid_over(old, new) if mergeable else new


@functools.cache
def cases() -> list[Case]:
    """Return the cases of ``cases/<prefix>.toml``: one table each, named ``RULE`` or ``RULE-what``."""
    files = sorted((HERE / "cases").glob("*.toml"))
    return [_case(name, said) for file in files for name, said in tomllib.loads(file.read_text()).items()]


def _case(name: str, said: dict[str, Any]) -> Case:
    host = said.get("host", "desktop")
    both = said.get("both", {})
    common = json.loads(msgspec.json.encode(machine(host, both)))
    fires, quiet = (msgspec.convert(laid_over(common, said[which]), Machine) for which in ("fires", "quiet"))
    return Case(name, name.partition("-")[0], said["state"], fires, quiet)
