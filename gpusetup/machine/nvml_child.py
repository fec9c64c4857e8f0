"""What the child asks the driver; the only place where ``pynvml`` is imported and libnvidia-ml is loaded."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

from gpusetup.machine.model import Unread, Why
from gpusetup.machine.nvml_fields import GPU, SYSTEM, Call, Field, NonsenseError
from gpusetup.machine.worker import Tell

MANY_GPUS = 1024
FUNCTION_NOT_FOUND = 13
LIBRARY_NOT_FOUND = 12

_WHY: Mapping[int, Why] = {3: "unsupported", 4: "denied", 9: "absent", 10: "timeout", 13: "unsupported"}


def ask(library: str, tell: Tell) -> None:
    """Load `library` and tell every field of the driver and of each GPU, or why it could not be read.

    Lines: ``read init <Unread>`` when NVML does not start (and nothing else follows), ``read driver FIELD VALUE``,
    ``read count N`` and ``read gpu INDEX FIELD VALUE``.
    """
    unread = _load(library, tell)
    if unread is not None:
        tell("read", "init", unread)
        return
    driver = _Driver(tell)
    started = driver.call(Call("nvmlInit"))
    if isinstance(started, Unread):
        tell("read", "init", started)
        return
    for name, field in SYSTEM.items():
        tell("read", "driver", name, driver.read(field))
    count = driver.read(Field((Call("nvmlDeviceGetCount"),), _count))
    tell("read", "count", count)
    for index in range(0 if isinstance(count, Unread) else count):
        handle = driver.call(Call("nvmlDeviceGetHandleByIndex"), index)
        for name, field in GPU.items():
            tell("read", "gpu", index, name, handle if isinstance(handle, Unread) else driver.read(field, handle))


def _load(library: str, tell: Tell) -> Unread | None:
    """Load the library ourselves: pynvml says "not found" whatever the loader's reason was.

    pynvml then asks the loader for ``libnvidia-ml.so.1`` and is given this one, which has that soname.
    """
    tell("call", f"dlopen {library}")
    try:
        ctypes.CDLL(library)
    except OSError as error:
        absent = "No such file" in str(error)
        why: Why = "absent" if absent else "denied" if "Permission denied" in str(error) else "failed"
        return Unread(unread=why, source=f"dlopen {library}", detail=str(error), code=LIBRARY_NOT_FOUND)
    return None


def _count(answer: Any) -> int:
    if not 0 <= int(answer) <= MANY_GPUS:
        raise NonsenseError(f"{answer} GPUs")
    return int(answer)


class _Driver:
    """Calls NVML through pynvml; an error becomes an `Unread` with the function and its code."""

    def __init__(self, tell: Tell) -> None:
        import pynvml  # noqa: PLC0415 - the parent must never pay for it, nor be exposed to it

        self._tell = tell
        self._nvml = pynvml
        self._codes = {
            value: name for name, value in vars(pynvml).items() if name.startswith("NVML_ERROR_") and name.isupper()
        }

    def read(self, field: Field, *device: Any) -> Any:
        """Return the value of `field`, or the `Unread` of the first of its calls that failed."""
        answers = []
        for call in field.calls:
            answer = self.call(call, *device)
            if isinstance(answer, Unread):
                return answer
            answers.append(answer)
        try:
            return field.convert(*answers)
        except (NonsenseError, ValueError, TypeError, AttributeError) as error:
            return Unread(unread="failed", source=field.calls[-1].function, detail=f"nonsense: {error}")

    def call(self, call: Call, *device: Any) -> Any:
        """Return what the function answers; its older name is tried where the library lacks the newer one."""
        answer = self._call(call.function, *device, *call.arguments)
        if call.older and isinstance(answer, Unread) and answer.code == FUNCTION_NOT_FOUND:
            return self._call(call.older, *device, *call.arguments)
        return answer

    def _call(self, function: str, *arguments: Any) -> Any:
        self._tell("call", function)
        try:
            return getattr(self._nvml, function)(*arguments)
        except self._nvml.NVMLError as error:
            code = int(error.value)
            detail = self._codes.get(code, f"NVML error {code}")
            return Unread(unread=_WHY.get(code, "failed"), source=function, detail=detail, code=code)
        except AttributeError:
            detail = "this nvidia-ml-py has no such function"
            return Unread(unread="unsupported", source=function, detail=detail, code=FUNCTION_NOT_FOUND)
        except (UnicodeDecodeError, ValueError, MemoryError, ctypes.ArgumentError) as error:
            return Unread(unread="failed", source=function, detail=f"nonsense: {error}"[:200])
