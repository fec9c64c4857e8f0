"""How a field asks: one NVML function at a time, by the name pynvml gives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import msgspec

from gpusetup.machine.model import Unread

T = TypeVar("T")

# return codes of nvml.h, nvmlReturn_t
INVALID_ARGUMENT = 2
NOT_SUPPORTED = 3
NOT_FOUND = 6
FUNCTION_NOT_FOUND = 13


class QueryError(Exception):
    """The function failed; `unread` says which, and with what code."""

    def __init__(self, unread: Unread) -> None:
        super().__init__(unread.detail)
        self.unread = unread


class Asks(Protocol):
    """Calls NVML."""

    nvml: Any
    """The module pynvml, for its structures."""

    def call(self, function: str, *arguments: Any) -> Any:
        """Return what the function answers; raises `QueryError`."""

    def refusal(self, function: str, code: int) -> QueryError:
        """Return the error that stands for the return `code` of `function`."""

    def part(self, read: Callable[[], Any]) -> Any:
        """Return what `read` returns, or the `Unread` of why it could not: one part of a field of several."""


class Device(msgspec.Struct, frozen=True):
    """One GPU: its `handle`, the (index, handle) of those that come after it, and what `answered` keeps of it."""

    handle: Any
    after: tuple[tuple[int, Any], ...] = ()
    kept: dict[Any, Any] = {}


def answered(device: Device, read: Callable[[Asks, Device], T], driver: Asks) -> T:
    """Return what `read` answers about `device`, asked once for all fields that need it; an error is not kept."""
    if read not in device.kept:
        device.kept[read] = read(driver, device)
    found: T = device.kept[read]
    return found


Reader = Callable[[Asks, Device], Any]


def one(convert: Callable[[Any], Any], function: str, *arguments: Any, older: str = "") -> Reader:
    """Return a reader of one call with the device and `arguments`; `older` is its name before it was renamed."""

    def read(driver: Asks, device: Device) -> Any:
        try:
            answer = driver.call(function, device.handle, *arguments)
        except QueryError as error:
            if not older or error.unread.code != FUNCTION_NOT_FOUND:
                raise
            answer = driver.call(older, device.handle, *arguments)
        return convert(answer)

    return read


def both(convert: Callable[[Any], Any], first: str, second: str) -> Reader:
    """Return a reader of two calls and the pair of their answers."""

    def read(driver: Asks, device: Device) -> Any:
        return convert(driver.call(first, device.handle)), convert(driver.call(second, device.handle))

    return read


def system(convert: Callable[[Any], Any], function: str) -> Reader:
    """Return a reader of one call that needs no device."""
    return lambda driver, _device: convert(driver.call(function))
