"""What a listening child asks the driver: to be told of each Xid."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from gpusetup.machine.model import Unread
from gpusetup.machine.nvml import convert
from gpusetup.machine.nvml.ask import QueryError
from gpusetup.machine.nvml.convert import within
from gpusetup.machine.nvml.driver import MANY_GPUS, NvmlDriver
from gpusetup.machine.nvml.library import load_library
from gpusetup.machine.worker import Channel

XID = 8  # nvmlEventTypeXidCriticalError
TIMEOUT = 10
WAIT = "nvmlEventSetWait_v2"
MILLISECONDS = 1000
"""Of one wait; the parent ends us by a signal, which the driver lets through only between two of them."""
AGAIN_SECONDS = 1.0
"""Before the next wait after an error, such as that of a GPU which fell off the bus: it would come at once again."""


def listen(library: str, tell: Channel) -> None:
    """Tell ``read xid ADDRESS NUMBER`` for each Xid, until this process is ended."""
    if load_library(library, tell) is not None:
        return
    driver = NvmlDriver(tell)
    events = driver.part(lambda: _registered(driver))
    while not isinstance(events, Unread):
        data = driver.part(lambda: driver.call(WAIT, events, MILLISECONDS))
        if isinstance(data, Unread):
            time.sleep(0 if data.code == TIMEOUT else AGAIN_SECONDS)
        elif int(data.eventType) & XID:
            _tell(driver, tell, data)


def _registered(driver: NvmlDriver) -> Any:
    """Return an event set with every GPU that reports Xids; raises `QueryError` when the driver has none."""
    driver.call("nvmlInit")
    events, found = driver.call("nvmlEventSetCreate"), 0
    for index in range(within(0, MANY_GPUS)(driver.call("nvmlDeviceGetCount"))):
        found += driver.part(partial(_register, driver, index, events)) is True
    if not found:
        raise driver.refusal("nvmlDeviceRegisterEvents", 3)
    return events


def _register(driver: NvmlDriver, index: int, events: Any) -> bool:
    handle = driver.call("nvmlDeviceGetHandleByIndex", index)
    if not int(driver.call("nvmlDeviceGetSupportedEventTypes", handle)) & XID:
        return False
    driver.call("nvmlDeviceRegisterEvents", handle, XID, events)
    return True


def _tell(driver: NvmlDriver, tell: Channel, data: Any) -> None:
    try:
        address = convert.address(driver.call("nvmlDeviceGetPciInfo", data.device))
    except (QueryError, convert.NonsenseError):
        address = ""  # a GPU that is lost may not say which it is
    tell("read", "xid", address, within(1, 99_999)(data.eventData))
    tell("call", WAIT)  # what is told waits for the next call
