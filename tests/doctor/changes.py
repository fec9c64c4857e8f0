"""What a machine is once a remedy was carried out: its `changes`, laid over the machine as saved."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from gpusetup.doctor.remedies.fixes import row
from gpusetup.doctor.rule import Fix
from gpusetup.machine.model import Machine


def after(machine: Machine, fixes: list[Fix]) -> Machine:
    """Return `machine` as it is after each of `fixes`."""
    saved = json.loads(msgspec.json.encode(machine))
    for fix in fixes:
        for path, value in row(fix.name).changes.items():
            names = [name.format_map(fix.values) for name in path.rstrip("+-~").split("/")]
            _change(saved, names, path[len(path.rstrip("+-~")) :], _filled(value, fix.values, saved))
    return msgspec.convert(saved, Machine, strict=False)


def _filled(value: Any, values: dict[str, str], saved: Any) -> Any:
    if isinstance(value, list):
        return [_filled(one, values, saved) for one in value]
    if isinstance(value, dict):
        return {name: _filled(one, values, saved) for name, one in value.items()}
    if not isinstance(value, str):
        return value
    text = value.format_map(values)
    return _at(saved, text[1:].split("/")) if text.startswith("@") else text


def _at(saved: Any, names: list[str]) -> Any:
    for name in names:
        saved = _chosen(saved, name)[0]
    return saved


def _change(at: Any, names: list[str], how: str, value: Any) -> None:
    """Change what lies at `names` below `at`; of a list each entry that the name chooses."""
    name, rest = names[0], names[1:]
    if isinstance(at, list) and rest:
        for one in _chosen(at, name):
            _change(one, rest, how, value)
    elif isinstance(at, dict) and name == "*":
        for key in at:
            _change(at, [key, *rest], how, value)
    elif isinstance(at, list) and name == "*":
        at[:] = [value] * len(at)
    elif "unread" in at:  # there is no such thing here
        return
    elif isinstance(at, list):
        at[:] = [pair for pair in at if pair[0] != name] + [[name, value]]
    elif not rest:
        _last(at, name, how, value)
    else:
        if "unread" in (at.get(name) or {"unread": ""}) and rest != ["*"] and rest[0] != "*":
            at[name] = {}
        _change(at[name], rest, how, value)


def _chosen(at: Any, name: str) -> list[Any]:
    if not isinstance(at, list):
        return [at[name]]
    if name == "*":
        return list(at)
    field, _, value = name.partition("=")
    return [one for one in at if str(one.get(field)) == value]


def _last(at: dict[str, Any], name: str, how: str, value: Any) -> None:
    old = at.get(name)
    if how == "~":
        at.pop(name, None)
    elif how == "-" and isinstance(old, str):
        at[name] = " ".join(word for word in old.split() if word not in value)
    elif how == "-" and isinstance(old, list):
        at[name] = [one for one in old if not any(text in str(one) for text in value)]
    elif how == "+":
        new = {str(_key(one)) for one in value}
        at[name] = [one for one in (old if isinstance(old, list) else []) if str(_key(one)) not in new] + value
    elif how != "-":
        at[name] = value


def _key(one: Any) -> Any:
    if isinstance(one, str):
        return one
    return one[0] if isinstance(one, list) else one.get("path", one.get("name"))
