"""NVML's numbered fields (``NVML_FI_DEV_…``): one call for many, each with a return code and a type of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gpusetup.machine.nvml.ask import INVALID_ARGUMENT, NOT_SUPPORTED, Asks, Device
from gpusetup.machine.nvml.convert import NonsenseError

CALL = "nvmlDeviceGetFieldValues"
TYPES: Mapping[int, str] = {0: "dVal", 1: "uiVal", 2: "ulVal", 3: "ullVal", 4: "sllVal", 5: "siVal", 6: "usVal"}
"""nvmlValueType_t, and the member of nvmlValue_t that holds such a value."""
OLDER_DRIVER = frozenset({NOT_SUPPORTED, INVALID_ARGUMENT})
"""What a driver answers about a field that is newer than itself. It is a code of the field alone: the call succeeds."""

Field = int | tuple[int, int]
"""A field, or a field and its scope: the NVLink or C2C link that is meant."""


def field_values(driver: Asks, device: Device, fields: Iterable[Field]) -> list[int]:
    """Return the values of `fields`; raises `QueryError` of the first that has none."""
    return [_number(driver, value) for value in _answers(driver, device, fields)]


def supported_values(driver: Asks, device: Device, fields: Mapping[str, Field]) -> tuple[tuple[str, int], ...]:
    """Return the names and values of those `fields` that this GPU and its driver have.

    Raises `QueryError` when they have none, and of a field that failed for another reason.
    """
    answers = zip(fields, _answers(driver, device, fields.values()), strict=True)
    found = tuple((name, _number(driver, value)) for name, value in answers if value.nvmlReturn not in OLDER_DRIVER)
    if not found:
        raise driver.refusal(CALL, NOT_SUPPORTED)
    return found


def _answers(driver: Asks, device: Device, fields: Iterable[Field]) -> list[Any]:
    return list(driver.call(CALL, device.handle, list(fields)))


def _number(driver: Asks, value: Any) -> int:
    """Return the value by its own type: the union's other members hold what was in memory before."""
    if value.nvmlReturn:
        code = NOT_SUPPORTED if value.nvmlReturn in OLDER_DRIVER else value.nvmlReturn
        raise driver.refusal(CALL, code)
    if value.valueType not in TYPES:
        raise NonsenseError(f"{value.valueType} is no nvmlValueType_t")
    return int(getattr(value.value, TYPES[value.valueType]))
