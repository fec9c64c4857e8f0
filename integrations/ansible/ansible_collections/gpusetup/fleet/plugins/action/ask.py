"""Has a host asked, and writes on the controller what it said, or why it said nothing."""

import hashlib
import json
import os
import tempfile
import urllib.parse

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

MOST = 64 << 20
KINDS = ("machine", "report", "proof")
UNUSABLE = "its answer cannot be used"


class ActionModule(ActionBase):
    """The controller's half of `gpusetup.fleet.ask`."""

    def run(self, tmp=None, task_vars=None):
        """Ask; whatever happens, the host's file says it. Only a wrong task ends before."""
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        host = task_vars["inventory_hostname"]
        folder = self._task.args.get("folder")
        if not folder:
            raise AnsibleActionFail("folder is missing: where the files of the hosts are written")
        arguments = dict(self._task.args)
        bundle = self._bundle(arguments)
        result, parts = {}, {}
        why = "Ansible ended the task before it answered"  # by its timeout, which is no Exception
        file = ""
        try:
            if bundle:
                arguments["bundle"] = self._sent(bundle)
            result = self._execute_module("gpusetup.fleet.ask", module_args=arguments, task_vars=task_vars)
            parts, why = taken(result)
        except AnsibleConnectionFailure as error:
            why = f"cannot be reached: {line(error)}"
            raise
        except Exception as error:
            why = f"cannot be asked: {line(error)}"
            raise
        finally:
            if not parts:  # Ansible would connect again to tidy up, without its timeout, and a host that hangs hangs
                self._connection._shell.tmpdir = None
            if not self._task.check_mode:
                file = write(folder, host, parts, why)
        told = {"changed": False, "missing": why, "file": file, "proven": result.get("proven") is True}
        return told if not why else {**told, "failed": True, "msg": why}

    def _bundle(self, arguments):
        """Return the bundle's path, and set its checksum; wrong arguments are the task's fault, not the host's."""
        if not arguments.get("bundle"):
            return None
        try:
            path = self._find_needle("files", arguments["bundle"])
            with open(path, "rb") as file:
                raw = file.read()
        except OSError as error:
            raise AnsibleActionFail(f"cannot read the bundle: {error}") from error
        found = hashlib.sha256(raw).hexdigest()
        if arguments.get("checksum") and arguments["checksum"].lower() != found:
            raise AnsibleActionFail(f"the bundle has the SHA-256 {found}, not {arguments['checksum']}")
        arguments["checksum"] = found
        return path

    def _sent(self, bundle):
        self._make_tmp_path()
        remote = self._connection._shell.join_path(self._connection._shell.tmpdir, "gpusetup.pyz")
        self._transfer_file(bundle, remote)
        self._fixup_perms2((self._connection._shell.tmpdir, remote))
        return remote


def taken(result):
    """Return the documents of a module's result, and why something is missing. The host may have said anything."""
    if "parts" not in result:
        said = [result.get(key) for key in ("msg", "module_stderr", "module_stdout")]
        return {}, line("; ".join(str(one) for one in said if one)) or UNUSABLE
    given = result["parts"] if isinstance(result["parts"], dict) else {}
    parts = {kind: given[kind] for kind in KINDS if isinstance(given.get(kind), dict)}
    missing = result.get("missing")
    why = line(missing) if isinstance(missing, str) else UNUSABLE
    return parts, why or ("" if {"machine", "report"} <= set(parts) else "its answer has no machine or no report")


def line(text):
    """Return `text` as one line without what steers a terminal, and not too long."""
    return "".join(sign if sign.isprintable() else " " for sign in " ".join(str(text).split()))[:300]


def write(folder, host, parts, why):
    """Write a host's file in one step, and return its path. It is named by the inventory, never by the host."""
    document = {"host": host, **parts, **({"error": why} if why else {})}
    text = json.dumps(document)
    if len(text) > MOST:
        text = json.dumps({"host": host, "error": f"it sent more than {MOST >> 20} MiB"})
    folder = os.path.abspath(os.path.expanduser(folder))
    os.makedirs(folder, mode=0o700, exist_ok=True)
    name = urllib.parse.quote(host, safe="@+=,[] ") + ".json"
    path = os.path.join(folder, "%2E" + name[1:] if name.startswith(".") else name)
    descriptor, new = tempfile.mkstemp(dir=folder, prefix=".", suffix=".new")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text + "\n")
        os.replace(new, path)
    except OSError:
        os.unlink(new)
        raise
    return path
