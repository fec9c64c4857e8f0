"""The driver as NVML tells it: asked in a child with a deadline, put together here."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from gpusetup.machine.host import Host
from gpusetup.machine.model import Gpu, Reading, Unread
from gpusetup.machine.worker import Channel, Worker, WorkerExit

SONAME = "libnvidia-ml.so.1"
# of a folder, whose linker cannot be asked: Fedora and SUSE, Debian by architecture, Arch, WSL
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


class NvmlClient:
    """Asks the driver of `host` in a child, at once; `answer` waits for it.

    Asked is the library that the live host's linker finds. For a host that is a folder nobody is asked: a library that
    lies in it is data like all else there and is never loaded, and this machine's driver knows nothing of another's.
    `library` is the one to load instead: for tests, which have a driver of their own.
    """

    def __init__(self, host: Host, deadline: float, library: str = "") -> None:
        self._worker: Worker | None = None
        self._refusal = _nobody_to_ask(host)
        if library := library or (SONAME if host.live else ""):
            try:
                self._worker = Worker(partial(_ask, library), deadline)
            except OSError as error:  # no process or no descriptor left on this machine
                self._refusal = Unread(unread="failed", source="fork", detail=str(error), code=error.errno)

    def answer(self) -> Nvml:
        """Return what the driver said, at the latest when the deadline has passed."""
        return nothing(self._refusal) if self._worker is None else collect(self._worker.wait())

    def abandon(self) -> None:
        """End the child if it is still there."""
        if self._worker is not None:
            self._worker.abandon()


def _nobody_to_ask(host: Host) -> Unread:
    """Return why a host that is a folder has no answer: no library lies in it, or one that is not to be loaded."""
    lies = "" if host.live else next(filter(host.is_file, (f"{place}/{SONAME}" for place in PLACES)), "")
    if not lies:
        # 12 is NVML_ERROR_LIBRARY_NOT_FOUND, so that rules see one thing however it was found out
        return Unread(unread="absent", source=SONAME, detail=f"none under {host.root}", code=12)
    return Unread(
        unread="unsupported", source=lies, detail="a folder has no driver to ask, and nothing in it is loaded"
    )


def collect(outcome: WorkerExit) -> Nvml:
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


def _ask(library: str, tell: Channel) -> None:
    from gpusetup.machine.nvml.library import ask  # ctypes and pynvml load in the child only

    ask(library, tell)


def nothing(why: Unread) -> Nvml:
    """Return the answers of a driver that is not asked at all."""
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


def _missing(outcome: WorkerExit) -> dict[str, Any]:
    # what was not asked any more after a hang is as unknown as the call that hung
    why = "timeout" if outcome.ended == "timeout" else "failed"
    detail = f"{outcome.detail or 'never told'} (in {outcome.last_call or 'the start of the process'})"
    return {"unread": why, "source": outcome.last_call, "detail": detail}


def _gpu(index: int, fields: dict[str, Any], missing: dict[str, Any]) -> Gpu:
    return msgspec.convert({"index": index} | {name: fields.get(name, missing) for name in GPU}, Gpu)


def _reading(value: Any, kind: Any) -> Any:
    return msgspec.convert(value, kind | Unread)


def _unread(value: Any) -> Unread:
    return msgspec.convert(value, Unread)
