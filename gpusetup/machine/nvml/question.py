"""The driver as NVML tells it: asked in a child with a deadline, put together here."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from gpusetup.machine.host import Host
from gpusetup.machine.model import Gpu, Reading, Unread
from gpusetup.machine.worker import Outcome, Tell, Worker

SONAME = "libnvidia-ml.so.1"
PLACES = ("/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib", "/usr/lib/wsl/lib")
DRIVER: dict[str, Any] = {
    "nvml": str,
    "nvml_library": str,
    "cuda": str,
    "confidential": bool,
    "confidential_ready": bool,
}
GPU = Gpu.__struct_fields__[1:]  # all but the index


class Nvml(msgspec.Struct, frozen=True):
    """What NVML said: the fields of the driver by name, and the GPUs."""

    driver: dict[str, Any]
    """The readings of the fields of `DRIVER`."""
    gpus: Reading[tuple[Gpu, ...]]


class Question:
    """Asks the driver of `host` in a child, at once; `answer` waits for it.

    The live host's library is the one its linker finds. For a host that is a folder it is the one that lies in the
    folder, and where none does nobody is asked: this machine's driver knows nothing of another's.
    """

    def __init__(self, host: Host, deadline: float) -> None:
        self._worker: Worker | None = None
        self._refusal = Unread(unread="absent", source=SONAME, detail=f"none under {host.root}", code=12)
        if library := SONAME if host.live else _in_folder(host):
            try:
                self._worker = Worker(partial(_ask, library), deadline)
            except OSError as error:  # no process or no descriptor left on this machine
                self._refusal = Unread(unread="failed", source="fork", detail=str(error), code=error.errno)

    def answer(self) -> Nvml:
        """Return what the driver said, at the latest when the deadline has passed."""
        return _nothing(self._refusal) if self._worker is None else collect(self._worker.wait())

    def abandon(self) -> None:
        """End the child if it is still there."""
        if self._worker is not None:
            self._worker.abandon()


def _in_folder(host: Host) -> str:
    paths = (f"{place}/{SONAME}" for place in PLACES)
    return next((host.real(path) for path in paths if host.is_file(path)), "")  # opening a FIFO would wait


def collect(outcome: Outcome) -> Nvml:
    """Put together what the child told; what it did not get to is `Unread` with the call that stopped it."""
    told = _by_subject(outcome.lines)
    missing = _missing(outcome)
    init = told["init"].get("")
    unheard = missing if init is None else init
    driver = {name: _reading(told["driver"].get(name, unheard), kind) for name, kind in DRIVER.items()}
    count = told["count"].get("", unheard)
    if not isinstance(count, int):
        return Nvml(driver, _unread(count))
    return Nvml(driver, tuple(_gpu(index, told["gpu"].get(index, {}), missing) for index in range(count)))


def _ask(library: str, tell: Tell) -> None:
    from gpusetup.machine.nvml.driver import ask  # noqa: PLC0415 - ctypes and pynvml load in the child only

    ask(library, tell)


def _nothing(why: Unread) -> Nvml:
    return Nvml(dict.fromkeys(DRIVER, why), why)


def _by_subject(lines: list[list[Any]]) -> dict[str, dict[Any, Any]]:
    told: dict[str, dict[Any, Any]] = {"init": {}, "driver": {}, "count": {}, "gpu": {}}
    for line in lines:
        match line:
            case ["read", "init" | "count" as subject, value]:
                told[subject][""] = value
            case ["read", "driver", str(name), value]:
                told["driver"][name] = value
            case ["read", "gpu", int(index), str(name), value]:
                told["gpu"].setdefault(index, {})[name] = value
    return told


def _missing(outcome: Outcome) -> dict[str, Any]:
    why = "timeout" if outcome.ended == "timeout" else "failed"
    detail = f"{outcome.detail or 'never told'} (in {outcome.last_call or 'the start of the process'})"
    return {"unread": why, "source": outcome.last_call, "detail": detail}


def _gpu(index: int, fields: dict[str, Any], missing: dict[str, Any]) -> Gpu:
    return msgspec.convert({"index": index} | {name: fields.get(name, missing) for name in GPU}, Gpu)


def _reading(value: Any, kind: Any) -> Any:
    return msgspec.convert(value, kind | Unread)


def _unread(value: Any) -> Unread:
    return msgspec.convert(value, Unread)
