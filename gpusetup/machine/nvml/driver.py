"""What the child asks the driver; the only place where ``pynvml`` is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from gpusetup.machine.model import Unread, Why
from gpusetup.machine.nvml.ask import FUNCTION_NOT_FOUND, Device, QueryError, Reader
from gpusetup.machine.nvml.convert import within
from gpusetup.machine.nvml.fields import GPU, LIBRARY, MORE, SYSTEM, SYSTEM_MORE
from gpusetup.machine.worker import Channel
from gpusetup.stand_in import standing_in

# a bound on nonsense: the largest machines have some dozens
MANY_GPUS = 1024

# 10 (TIMEOUT) is none of these: the call returned, and said so; one that never returns is what we call a timeout.
_WHY: Mapping[int, Why] = {
    3: "unsupported",
    4: "denied",
    9: "absent",
    13: "unsupported",  # a function that is newer than the driver
    25: "unsupported",  # a structure that is newer than the driver (ARGUMENT_VERSION_MISMATCH)
    26: "unsupported",  # a function that this driver no longer offers (DEPRECATED), such as application clocks
}


def ask_loaded(tell: Channel) -> None:
    """Tell every field of the driver and of each GPU, or why it could not be read; the library is loaded.

    Lines: ``read driver FIELD VALUE``, ``read init <Unread>`` when NVML does not start (and nothing follows), ``read
    count N`` and ``read gpu INDEX FIELD VALUE``.
    """
    driver, nobody = NvmlDriver(tell), Device(None, (), {})
    started = driver.part(lambda: driver.call("nvmlInit"))
    for name, reader in (LIBRARY if isinstance(started, Unread) else SYSTEM).items():
        tell("read", "driver", name, driver.read(reader, nobody))
    if isinstance(started, Unread):
        tell("read", "init", started)
        return
    count = driver.part(lambda: within(0, MANY_GPUS)(driver.call("nvmlDeviceGetCount")))
    tell("read", "count", count)
    handles = [_handle(driver, index) for index in range(0 if isinstance(count, Unread) else count)]
    # by table and not by GPU: a call that hangs on one GPU must not take the vital answers of the others along
    for table in (GPU, MORE):
        for index, handle in enumerate(handles):
            _tell_gpu(driver, tell, table, index, Device(handle, _after(handles, index), {}))
    for name, reader in SYSTEM_MORE.items():
        tell("read", "driver", name, driver.read(reader, nobody))


def _after(handles: list[Any], index: int) -> tuple[tuple[int, Any], ...]:
    """Return the (index, handle) of the GPUs that come after `index` and answered."""
    return tuple((i, handle) for i, handle in enumerate(handles) if i > index and not isinstance(handle, Unread))


def _handle(driver: NvmlDriver, index: int) -> Any:
    return driver.part(lambda: driver.call("nvmlDeviceGetHandleByIndex", index))


def _tell_gpu(driver: NvmlDriver, tell: Channel, table: Mapping[str, Reader], index: int, device: Device) -> None:
    """Tell the fields of `table`; a GPU that gave no handle, because it is lost, has the same reason for each."""
    for name, reader in table.items():
        value = device.handle if isinstance(device.handle, Unread) else driver.read(reader, device)
        tell("read", "gpu", index, name, value)


class NvmlDriver:
    """Calls NVML through pynvml; an error becomes a `QueryError` with the function and its code."""

    def __init__(self, tell: Channel) -> None:
        pynvml = _pynvml()
        self._tell = tell
        self.nvml = pynvml
        self._codes = {
            value: name for name, value in vars(pynvml).items() if name.startswith("NVML_ERROR_") and name.isupper()
        }

    def read(self, reader: Reader, device: Device) -> Any:
        """Return the value of a field, or the `Unread` of why there is none."""
        return self.part(lambda: reader(self, device))

    def part(self, read: Callable[[], Any]) -> Any:
        """Return what `read` returns, or the `Unread` of why it could not."""
        try:
            return read()
        except QueryError as error:
            return error.unread
        except Exception as error:  # ours for a value that cannot be, or whatever pynvml makes of one
            return Unread(unread="failed", source=self._last, detail=f"nonsense: {error}"[:200])

    def call(self, function: str, *arguments: Any) -> Any:
        """Return what the function answers; raises `QueryError`."""
        self._last = function
        self._tell("call", function)
        call = getattr(self.nvml, function, None)
        if call is None:
            detail = "this nvidia-ml-py has no such function"
            raise QueryError(Unread(unread="unsupported", source=function, detail=detail, code=FUNCTION_NOT_FOUND))
        try:
            return call(*arguments)
        except self.nvml.NVMLError as error:
            raise self.refusal(function, int(error.value)) from error

    def refusal(self, function: str, code: int) -> QueryError:
        """Return the error that stands for the return `code` of `function`."""
        detail = self._codes.get(code, f"NVML error {code}")
        return QueryError(Unread(unread=_WHY.get(code, "failed"), source=function, detail=detail, code=code))


def _pynvml() -> ModuleType:
    """Import pynvml: the parent must never pay for it, nor be exposed to it.

    It takes `find_library` from ctypes.util, which brings shutil, subprocess and tempfile along, half of its import;
    on Linux it never calls it.
    """
    with standing_in({"ctypes.util": {"find_library": _find_library}}):
        import pynvml

    return pynvml  # type: ignore[no-any-return]


def _find_library(name: str) -> str | None:
    from ctypes.util import find_library

    return find_library(name)
