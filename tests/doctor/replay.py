"""Write the machines of public reports, as the checkout on the path understands them.

``python replay.py < cases.json``: a list of ``[report, file]``. A script of its own, so that the benchmark can run it
with an older checkout: nothing but a host to lay a change over and the reader of the kernel's log is asked of it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from gpusetup.machine.host import Host
from gpusetup.machine.kernel.log import read_kernel_log
from tests.doctor.machines import HERE, laid_over

LOG = "/var/log/dmesg"


def replayed(report: dict[str, Any]) -> dict[str, Any]:
    """Return the saved machine of `report`: its host, its change, and its log as the product's own reader has it."""
    host = json.loads((HERE / "hosts" / f"{report['host']}.json").read_text())
    made: dict[str, Any] = laid_over(host, report["change"])
    if "log" in report:
        made["system"]["kernel"]["log"] = _read(report["log"], report.get("log_path", LOG))
    return made


def _read(log: str, path: str) -> Any:
    with tempfile.TemporaryDirectory() as root:
        file = Path(root + path)
        file.parent.mkdir(parents=True)
        file.write_text(log)
        return msgspec.to_builtins(read_kernel_log(Host(root)))


if __name__ == "__main__":
    for one, out in json.load(sys.stdin):
        Path(out).write_text(json.dumps(replayed(one)))
