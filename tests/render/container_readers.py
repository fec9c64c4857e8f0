"""Reads rendered container files back, each by its format's own rules, to compare with what went in."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

NASTY = (
    "$(id)", "${HOME}", "$$", "`id`", "%n", "%%", "'", '"', "\\", "a\\", "x\n- y: z", "{{ x }}", "{% x %}", "#",
    "--flag", "\u2028", "\u0085", "\ufeff", "é☃𝄞", "\ue000x\ue001", "!!python/object", "*a", "&a", "yes", "null", "1e3",
    "${localEnv:HOME}", "]", "%post\n", "GPUSETUP_END", "\x1b[31m", " lead", "trail ", "a: b", "$(A)", "$A$",
)  # fmt: skip
"""Words that one format or another would take for something else."""
STUBS = {
    "nvidia-smi": "echo 610.43.03",
    "srun": 'if [[ $1 == --help ]]; then echo "$HELP"; else printf "%s\\0" "$@" >"$SEEN"; fi',
}
APPTAINER_SECTIONS = {
    "arguments", "environment", "files", "help", "labels", "post", "runscript", "setup", "startscript", "test",
}  # fmt: skip
"""apptainer.org/docs/user/latest/definition_files.html, "Sections"."""


def yaml_of(text: str) -> Any:
    """Return the only document of a YAML text."""
    return yaml.safe_load(text)


def undoubled(value: str) -> str:
    """Undo what Compose's interpolation and Kubernetes' expansion do: two dollar signs are one."""
    assert not re.search(r"(?<!\$)(?:\$\$)*\$(?!\$)", value), f"{value!r} would have a variable put in"
    return value.replace("$$", "$")


def jsonc_of(text: str) -> Any:
    """Return a devcontainer.json without its comments, which have lines of their own."""
    return json.loads("\n".join(line for line in text.splitlines() if not line.startswith("//")))


def unit_of(text: str) -> dict[str, list[tuple[str, str]]]:
    """Return the sections of a systemd unit with their keys and values in order (systemd.syntax(7))."""
    sections: dict[str, list[tuple[str, str]]] = {}
    here: list[tuple[str, str]] = []
    for line in text.split("\n"):
        if line.startswith("["):
            here = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith(("#", ";")):
            assert not line.endswith("\\"), "the next line would be taken for a part of this one"
            name, _, value = line.partition("=")
            here.append((name, value.strip()))
    return sections


def unit_words(line: str) -> list[str]:
    """Return the words of a command line in a unit: C strings in double quotes, %% and $$ undone."""
    words = re.findall(r'"((?:[^"\\]|\\.)*)"(?: |$)', line)
    assert " ".join(f'"{word}"' for word in words) == line
    return [_c_string(word) for word in words]


def service_words(text: str) -> list[str]:
    """Return the words of a service's ExecStart as systemd splits them, the last one as it reads it."""
    line = next(line for line in text.split("\n") if line.startswith("ExecStart=")).partition("=")[2]
    words = re.findall(r'"(?:[^"\\]|\\.)*"(?= |$)|[^ "][^ ]*', line)
    return [*words[:-1], _c_string(words[-1].removeprefix('"').removesuffix('"'))]


def _c_string(text: str) -> str:
    names = {
        "n": "\n",
        "t": "\t",
        "r": "\r",
        "f": "\f",
        "b": "\b",
        "a": "\a",
        "v": "\v",
        "s": " ",
        '"': '"',
        "\\": "\\",
    }
    plain = re.sub(r"%%|\$\$", lambda match: match[0][0], re.sub(r"(?<!%)%(?!%)|(?<!\$)\$(?!\$)", _refuse, text))
    return re.sub(
        r'\\(?:(?:u([0-9a-f]{4})|x([0-9a-f]{2}))|([ntrfbavs"\\]))',
        lambda match: names[match[3]] if match[3] else chr(int(match[1] or match[2], 16)),
        plain,
    )


def _refuse(match: re.Match[str]) -> str:
    raise AssertionError(f"a lone {match[0]!r} is a specifier or a variable")


def sections_of(text: str) -> list[tuple[str, str]]:
    """Return the headers and sections of an Apptainer definition in order, refusing what the grammar has not."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line.startswith("%"):
            found.append((line.split()[0][1:], ""))
            assert found[-1][0] in APPTAINER_SECTIONS
        elif re.match(r"(Bootstrap|From|Stage): ", line):
            name, _, value = line.partition(": ")
            found.append((name, value))
        elif found and line and not line.startswith("#"):
            assert found[-1][0] in APPTAINER_SECTIONS, f"{line!r} belongs to no section"
            found[-1] = (found[-1][0], found[-1][1] + line + "\n")
    assert "{{" not in text, "Apptainer would put a variable in"
    return found


def slurm_command(text: str, folder: Path, *, pyxis: bool) -> list[str]:
    """Run a batch script with stand-ins for srun and nvidia-smi, and return the words that srun got."""
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    for name, body in STUBS.items():
        (tools / name).write_text(f"#!/bin/bash\n{body}\n")
        (tools / name).chmod(0o755)
    environment = {
        "PATH": f"{tools}:/usr/bin:/bin",
        "SEEN": str(folder / "seen"),
        "HELP": "--container-image=IMAGE" if pyxis else "",
        "SLURM_CPUS_PER_TASK": "8",
    }
    subprocess.run(["bash", "-c", text], env=environment, check=True, cwd=folder, capture_output=True)
    return (folder / "seen").read_bytes().decode().split("\0")[:-1]
