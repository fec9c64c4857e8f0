"""User and host names recognised by context: home and data folders, labels, log prefixes, listings."""

from __future__ import annotations

import re

from gpusetup.redact.pseudonyms import Pseudonyms

SHARED = frozenset((
    "root", "localhost", "user", "users", "ubuntu", "fedora", "debian", "docker", "linux", "gpu", "gpus",
    "nvidia", "cuda", "shared", "public", "common", "all", "lib", "lib64", "bin", "opt", "tmp", "temp", "apps",
    "app", "software", "soft", "modules", "spack", "conda", "miniconda", "miniconda3", "anaconda", "anaconda3",
    "miniforge3", "mambaforge", "micromamba", "envs", "env", "venv", "venvs", "venv3", "python", "python3",
    "models", "model", "datasets", "dataset", "data", "cache", ".cache", "containers", "images", "docker",
    "podman", "singularity", "apptainer", "logs", "log", "jobs", "job", "runs", "run", "work", "scratch",
    "projects", "project", "home", "local", "lost+found", "slurm", "test", "tests", "src", "build", "dist",
    "torch", "tensorflow", "jax", "pip", "wheels", "none", "unknown", "default", "system", "admin", "space",
    "library", "mode", "process", "program", "code", "name", "namespace", "group", "groups", "id",
))  # fmt: skip
"""Names of folders and roles that many machines have."""
_NAME = r"[A-Za-z0-9_][\w.+-]*+"
_HOMES = rf"(/(?:home|Users|homes|export/home|people)/|[A-Za-z]:\\Users\\|(?<![\w.~])~(?=[A-Za-z]))({_NAME})"
_DATA = (
    r"((?<![\w.~-])/(?:(?:mnt|gpfs|data|scratch|work|lustre|nfs|beegfs|vast|weka|fsx|efs|ceph|storage|fast|cluster|afs|srv|vol|volumes?)"
    rf"(?:/[\w.-]{{1,32}}){{0,2}}/)?(?:u|data\d?|scratch\d?|work|workspace|users?|projects?|groups?|nobackup|gscratch|netscratch"
    rf"|var/(?:spool/)?(?:mail|cron))/)({_NAME})"
)
_ROOT = r"(?<![\w.~/-])/root(?![\w.-])"
_QUOTED = (
    r"(?i)\b(users?|usernames?|logins?|owners?|accounts?|logname|people|person)([\"']?[ :=]{0,3})"
    r"([\"'“‘])([^\"'”’]{1,64})([\"'”’])"
)
_SAID = (
    r"(?i)(?<![A-Za-z])((?:sudo_)?(?:user|username|login|logname|owner|account|uname|acct|auid)(?:[ _]name)?)"
    rf"( ?[:=] ?)(?![\"'])({_NAME})"
)
_VARIABLES = rf"(?<![A-Za-z])([A-Z_]{{1,16}}USER(?:NAME)?=)({_NAME})"
_COMMANDS = (
    r"(?<![\w-])((?:runuser|sudo|su|doas)(?: -{1,2}[a-z-]+){0,3}(?: -l| -u| -)"
    rf"|logged in as|for user|of user|by user|session of) ({_NAME})"
)
_UID = r"(?<![a-z])([ug]id=\d+)\(([^)\s]{1,64})\)"
_HOST = (
    r"(?i)(?<![A-Za-z])((?:host|hostname|host name|nodename|node|server|domain|realm|workgroup|fqdn)"
    rf"[\"']? ?[:=] ?[\"']?)({_NAME})"
)
_SYSLOG = (
    r"(?<!\w)([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d |\d{4}-\d\d-\d\dT[\d:.]{8,15}(?:Z|[+-]\d\d:?\d\d)? )"
    rf"({_NAME})(?= [\w./-]{{1,64}}(?:\[\d{{1,9}}\])?:)"
)
_PROCESS = r"(?<![\w-])(name|comm|exe|cmd|command)=(\"[^\"]{0,200}\"|[^\s,;\"]++)"
_KILLED = r"(?i)\b(process|task) (\d{1,9}) \(([^)\s]{1,64})\)"
_LISTED = rf"(?<!\S)([bcdlps-][rwxsStT-]{{9}}[.+@]? {{1,4}}\d{{1,6}}) ({_NAME}) {{1,8}}({_NAME})(?= )"
PROGRAMS = frozenset((
    "python", "python3", "xorg", "x", "gnome-shell", "kwin_wayland", "xwayland", "nvidia-smi", "nvidia-persiste",
    "nv-hostengine", "dcgm", "cuda-gdb", "java", "node", "ollama", "chrome", "firefox", "code", "blender",
    "ffmpeg", "ray", "slurmd", "slurmstepd", "mpirun", "torchrun", "nvidia-modprobe", "swapper", "kworker",
    "systemd", "kubelet", "containerd", "dockerd", "podman",
))  # fmt: skip
"""Programs that reveal nothing about their user."""


def without_people(text: str, names: Pseudonyms) -> str:
    """Return `text` with stand-ins for users, hosts and the user's own programs."""
    if "/" in text or "\\" in text or "~" in text:
        text = re.sub(_HOMES, lambda it: it[1] + names.of("user", it[2]), text)
        text = re.sub(_DATA, lambda it: it[1] + (it[2] if _shared(it[2]) else names.of("user", it[2])), text)
        text = re.sub(_ROOT, lambda _: f"/home/{names.of('user', 'root')}", text)
    text = re.sub(_SYSLOG, lambda it: it[1] + names.of("host", it[2].lower()), text)
    text = re.sub(_QUOTED, lambda it: f"{it[1]}{it[2]}{it[3]}{_user(it[4], names)}{it[5]}", text)
    text = re.sub(_SAID, lambda it: f"{it[1]}{it[2]}{_user(it[3], names)}", text)
    text = re.sub(_VARIABLES, lambda it: it[1] + _user(it[2], names), text)
    text = re.sub(_COMMANDS, lambda it: f"{it[1]} {_user(it[2], names)}", text)
    text = re.sub(_UID, lambda it: f"{it[1]}({_user(it[2], names)})", text)
    text = re.sub(_HOST, lambda it: it[1] + (it[2] if _plain(it[2]) else names.of("host", it[2].lower())), text)
    text = re.sub(_LISTED, lambda it: f"{it[1]} {_user(it[2], names)} {_user(it[3], names)}", text)
    text = re.sub(_KILLED, lambda it: f"{it[1]} {it[2]} ({_process(it[3], names)})", text)
    return re.sub(_PROCESS, lambda it: f"{it[1]}={_process(it[2], names)}", text)


def _user(name: str, names: Pseudonyms) -> str:
    return name if _shared(name) else names.of("user", name)


def _shared(name: str) -> bool:
    return name.lower() in SHARED or _plain(name)


def _plain(name: str) -> bool:
    """Return whether `name` identifies no one: a common word, a number or a version."""
    return name.lower() in SHARED or not any(char.isalpha() for char in name)


def _process(name: str, names: Pseudonyms) -> str:
    word = name.strip('"')
    base = word.rpartition("/")[2].lower()
    known = base.split(".")[0] in PROGRAMS or base.startswith(("python3.", "kworker/", "swapper/"))
    return name if known or word[:1] == "<" or not any(char.isalpha() for char in word) else names.of("process", word)
