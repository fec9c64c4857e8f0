#!/usr/bin/python
"""Runs gpusetup on the host and returns what it wrote. It reads, and leaves nothing behind."""

import contextlib
import hashlib
import json
import os
import pwd
import selectors
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import zipfile

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: ask
short_description: Ask a host what it has, whether it is sound and, if wanted, what it computes
description:
  - Runs C(gpusetup detect), C(gpusetup doctor) and, if wanted, C(gpusetup selftest) on the host, which only read, and
    writes what they say to a file for each host in a folder of the controller, for C(gpusetup fleet FOLDER).
  - A host that cannot be reached, does not end in time or answers what cannot be used gets a file too, with the reason.
  - No more than one document of each kind is taken, each within bounds.
options:
  folder:
    description: Folder of the controller that the files are written to. It is made, for its owner alone.
    type: path
    required: true
  program:
    description: gpusetup on the host, as a name in PATH or an absolute path.
    type: str
    default: gpusetup
  bundle:
    description:
      - A zipapp of gpusetup on the controller, which is sent to the host instead of using one that is installed.
      - It is unpacked where only the user that runs it can write, and removed afterwards.
    type: path
  checksum:
    description: SHA-256 that the bundle has to have.
    type: str
  python:
    description: With I(bundle), the Python that runs it, 3.11 or later. The module's own if not given.
    type: path
  selftest:
    description: How much the host proves of its stack. In check mode nothing is computed.
    type: str
    choices: ["none", quick, full]
    default: none
  redact:
    description: Have the host leave out names, addresses and serial numbers. The host's name in the inventory stays.
    type: bool
    default: false
  deadline:
    description: Seconds that gpusetup may take on the host in all.
    type: float
    default: 120
attributes:
  check_mode:
    support: full
    description: The host is asked what only reads, and no file is written.
author: The gpusetup maintainers
"""

EXAMPLES = r"""
- name: Ask what this host has
  gpusetup.fleet.ask:
    folder: reports
  become: true
  timeout: 150
"""

RETURN = r"""
missing:
  description: Why something that was asked for is not there; empty if everything is.
  type: str
  returned: always
proven:
  description: Whether a self-test was asked for, and passed.
  type: bool
  returned: always
file:
  description: Where it was written on the controller.
  type: str
  returned: always
"""

MOST = 64 << 20
"""Bytes that one answer may have, as `gpusetup fleet` reads."""
KEPT_OF_ERRORS = 4096
CODES = {"machine": (0,), "report": (0, 1, 3), "proof": (0, 1, 3)}
"""Exit codes with which there is an answer: a finding, or a failed verdict, is one."""


class Silent(Exception):  # noqa: N818 - no error of this program
    """Why there is no answer."""


def questions(params, check_mode):
    """Yield the field and the words of each question, the quickest first."""
    redact = ["--redact"] if params["redact"] else []
    yield "machine", ["detect", *(redact or ["--no-redact"])]
    yield "report", ["doctor", "--json", *redact]
    if params["selftest"] != "none" and not check_mode:
        yield "proof", ["selftest", "--" + params["selftest"], "--json"]


def answer(command, field, said, ends, deadline):
    """Return exit code and document of `command`; `Silent` if there is none by the time `ends`."""
    code, out, err = run(command, ends, said, deadline)
    if code not in CODES[field]:
        last = [line.strip() for line in err.decode("utf-8", "replace").splitlines() if line.strip()][-1:]
        why = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
        raise Silent("{} {}{}".format(said, why, ": " + last[0][:200] if last else ""))
    try:
        found = json.loads(out.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Silent(f"{said} answered what is no JSON") from None
    if not isinstance(found, dict):
        raise Silent(f"{said} answered what is no document")
    return code, found


def run(command, ends, said, deadline):
    """Return exit code, standard output and the end of standard error; what runs longer or says more is ended."""
    try:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
    except OSError as error:
        raise Silent(f"{command[0]} cannot be run: {error.strerror}") from None
    taken = {child.stdout: bytearray(), child.stderr: bytearray()}
    count = 0
    try:
        with selectors.DefaultSelector() as ready:
            for pipe in taken:
                ready.register(pipe, selectors.EVENT_READ)
            while ready.get_map():
                left = ends - time.monotonic()
                events = ready.select(left) if left > 0 else ()  # one that never stops writing is always ready
                if not events:
                    raise Silent(f"{said} did not end within {deadline:g} s")
                for key, _ in events:
                    chunk = os.read(key.fd, 1 << 16)
                    count += len(chunk)
                    if not chunk:
                        ready.unregister(key.fileobj)
                    taken[key.fileobj] += chunk
                    if key.fileobj is child.stderr:
                        del taken[child.stderr][:-KEPT_OF_ERRORS]
                    if count > MOST:
                        raise Silent(f"{said} wrote more than {MOST >> 20} MiB")
        try:
            return child.wait(max(0.0, ends - time.monotonic())), taken[child.stdout], taken[child.stderr]
        except subprocess.TimeoutExpired:
            raise Silent(f"{said} did not end within {deadline:g} s") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # what it started as well
        child.wait()


def private_folder():
    """Return a new folder that nobody else can write to, or rename: below the user's own home, else /var/tmp."""
    home = pwd.getpwuid(os.geteuid()).pw_dir
    try:
        found = os.stat(home)
        own = found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        own = own and os.access(home, os.W_OK)
    except OSError:
        own = False
    return tempfile.mkdtemp(prefix=".gpusetup-", dir=home if own else "/var/tmp")  # noqa: S108 - the folder is new, and its owner's alone


def unpacked(bundle, checksum, folder):
    """Unpack the bundle into `folder`; the very bytes that were hashed, since others may own the file."""
    with open(bundle, "rb") as file:
        raw = file.read()
    if hashlib.sha256(raw).hexdigest() != checksum:
        raise Silent("the bundle is not what the controller sent")
    inner = os.path.join(folder, "gpusetup.pyz")
    with open(inner, "wb") as file:
        file.write(raw)
    with zipfile.ZipFile(inner) as archive:
        archive.extractall(os.path.join(folder, "app"))
    os.unlink(inner)
    return os.path.join(folder, "app")


def main():
    """Ask each question, until the deadline."""
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "required": True},
            "program": {"default": "gpusetup"},
            "bundle": {"type": "path"},
            "checksum": {},
            "python": {"type": "path"},
            "selftest": {"choices": ["none", "quick", "full"], "default": "none"},
            "redact": {"type": "bool", "default": False},
            "deadline": {"type": "float", "default": 120.0},
        },
        supports_check_mode=True,
    )
    params, parts, codes, folder = module.params, {}, {}, None
    ends = time.monotonic() + params["deadline"]
    try:
        program = [params["program"]]
        if params["bundle"]:
            os.umask(0o077)
            folder = private_folder()
            # -I: neither variables nor the user's own modules; the Python has no say from where it was started
            program = [params["python"] or sys.executable, "-I", unpacked(params["bundle"], params["checksum"], folder)]
        missing = ""
        for field, words in questions(params, module.check_mode):
            codes[field], parts[field] = answer(
                [*program, *words], field, " ".join(["gpusetup", *words]), ends, params["deadline"]
            )
    except Silent as why:
        missing = str(why)
    except (OSError, zipfile.BadZipFile) as error:
        missing = f"the bundle cannot be unpacked: {error}"
    finally:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
    module.exit_json(changed=False, parts=parts, missing=missing, proven=codes.get("proof") == 0)


if __name__ == "__main__":
    main()
