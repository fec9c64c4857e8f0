"""Why a build of the kernel module failed, by the lines of its log and the table ``build_errors.toml``."""

from __future__ import annotations

import os
import re
from functools import cache
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from gpusetup.machine.model import ModuleBuild


class BuildError(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One cause: texts of which one stands in a line, what it means, the remedy, and who says so."""

    text: tuple[str, ...]
    means: str
    remedy: str
    source: str


class Cause(msgspec.Struct, frozen=True):
    """The row that fits a log, and the line that it fits; without a row the first line that speaks of an error."""

    row: BuildError | None
    line: str


@cache
def build_errors() -> tuple[BuildError, ...]:
    """Return the table. It is TOML, as hardly any machine has a build that failed."""
    import tomllib

    with open(os.path.join(os.path.dirname(__file__), "build_errors.toml"), "rb") as file:
        return msgspec.convert(tomllib.load(file)["error"], tuple[BuildError, ...])


def cause(lines: tuple[str, ...]) -> Cause:
    """Return why the build whose log holds `lines` failed."""
    for row in build_errors():
        for line in lines:
            if any(text in line.lower() for text in row.text):
                return Cause(row, line)
    return Cause(None, next((line for line in lines if "rror" in line), lines[0] if lines else ""))


def kernel_gcc(lines: tuple[str, ...]) -> str:
    """Return the major version of the gcc that built the kernel, as make's warning names it; "" where it does not."""
    said = next((line for line in lines if "built by:" in line), "")
    if "clang" in said:
        return ""
    said = said or next((line for line in lines if "not found" in line.lower() or "no such file" in line.lower()), "")
    found = re.search(r"gcc-(\d{1,2})\b", said) or re.search(r"\b(\d{1,2})\.\d{1,2}\.\d{1,2}\b", said)
    return found[1] if found else ""


def is_clang(lines: tuple[str, ...]) -> bool:
    """Say whether clang built the kernel, as make's warning names it."""
    return any("built by:" in line and "clang" in line for line in lines)


def name_of(build: ModuleBuild) -> str:
    """Return what DKMS calls the module with its version: ``nvidia-current/550.163.01``."""
    return f"{build.module or 'nvidia'}/{build.version}"
