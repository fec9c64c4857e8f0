"""Distributions that bring rules: their entry points, and whether this user may run what they name."""

from __future__ import annotations

import configparser
import importlib.util
import os
from collections.abc import Iterable

from gpusetup.trust.paths import mine
from gpusetup.value import Value


class _Entries(configparser.ConfigParser):
    """A file of entry points, whose names keep their case."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


class Plugin(Value):
    """One entry point: the `module` with rules that the distribution described in the folder `info` brings."""

    name: str
    module: str
    info: str

    def distrusted(self) -> str:
        """Return why its modules are not to be run, "" when they may; nothing of it is imported for that.

        Judged are its description, the folder it lies in and the whole package or the file that the entry point names.
        """
        trust = mine()
        reason = trust.path(os.path.dirname(self.info)) or trust.tree(self.info)
        return reason or next(filter(None, map(trust.tree, _places(self.module))), "")


def read_plugins(group: str, infos: Iterable[tuple[str, bytes]]) -> list[Plugin]:
    """Return the entry points of `group` in (folder, entry_points.txt), the first of each distribution on the path.

    Of a file that is not well formed no names can be known: it is one plugin, whose module cannot be imported.
    """
    found: dict[str, list[Plugin]] = {}
    for info, text in infos:
        name = os.path.basename(info).partition("-")[0].lower()
        found.setdefault(name, _entries(group, info, text))
    return [one for plugins in found.values() for one in plugins]


def _entries(group: str, info: str, text: bytes) -> list[Plugin]:
    parser = _Entries(delimiters="=", interpolation=None, strict=False)
    try:
        parser.read_string(text.decode())
        entries = parser.items(group) if parser.has_section(group) else []
    except (configparser.Error, UnicodeDecodeError):
        name = os.path.basename(info)
        return [Plugin(name=name, module=name, info=info)]
    return [Plugin(name=name, module=_module(value), info=info) for name, value in entries]


def _module(value: str) -> str:
    """Return the module of an entry point ``package.module:object [extra]``."""
    return value.partition("[")[0].partition(":")[0].strip()


def _places(module: str) -> list[str]:
    """Return where the module's top package or file lies; finding that imports nothing."""
    spec = importlib.util.find_spec(module.partition(".")[0])
    if spec is None:
        return []  # importing it says so
    if spec.submodule_search_locations is not None:
        return list(spec.submodule_search_locations)
    return [spec.origin] if spec.origin and spec.has_location else []
