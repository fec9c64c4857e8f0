"""The container formats, one template each in ``containers/formats/``, and how their text is checked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from gpusetup.errors import WrongInputError
from gpusetup.render import marks
from gpusetup.render.quoting_check import check_data, check_shell

SHELL = (".sh.j2", ".def.j2", "file.j2")
"""Endings of the templates whose text a shell reads, at least in part."""
SCRIPTS = r"%(?:pre|setup|post|environment|runscript|startscript|test)\b"
"""The sections of an Apptainer definition that a shell reads."""


def formats(folders: Iterable[Path]) -> dict[str, str]:
    """Return the template of each format, the first folder's first: ``compose`` is ``formats/compose.yaml.j2``."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted((folder / "formats").glob("*.j2")):
            found.setdefault(path.name.partition(".")[0], f"formats/{path.name}")
    return dict(sorted(found.items()))


def template_name(kind: str, folders: Iterable[Path]) -> str:
    """Return the template of the format `kind`; raises `WrongInputError`, which lists the formats, if unknown."""
    known = formats(folders)
    if kind not in known:
        raise WrongInputError(f"unknown container format {kind!r}", f"known: {', '.join(known)}")
    return known[kind]


def skeleton(template: str) -> str:
    """Return the skeleton that the bases fill in for a template."""
    return "Apptainer.j2" if template.endswith(".def.j2") else "Containerfile.j2"


def checked(text: str, template: str) -> str:
    """Return rendered `text` without its marks, after checking that every value is at a safe position."""
    if template.endswith(".def.j2"):
        return _definition(text)
    if template.endswith(SHELL):
        return check_shell(text, instructions=template.endswith("file.j2"))
    return check_data(text, lines=template.endswith(".container.j2"))


def _definition(text: str) -> str:
    """Check an Apptainer definition section by section: some are shell text, the others lines of their own grammar."""
    if "{{" in text:
        raise WrongInputError("a value contains {{, which Apptainer treats as a variable", "do not use it in names")
    if re.search(rf"(?m)^[ \t]*{marks.OPEN}.%", text):
        raise WrongInputError("a value at the beginning of a line could start a section", "indent it")
    parts = re.split(r"(?m)^(?=%|Bootstrap:)", text)
    return "".join(check_shell(one) if re.match(SCRIPTS, one) else check_data(one, lines=True) for one in parts)
