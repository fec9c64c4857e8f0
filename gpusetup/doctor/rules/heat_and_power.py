"""PWR…: temperature, power and what they do to the clocks."""

from __future__ import annotations

from gpusetup.doctor import nvml
from gpusetup.doctor.cards import is_datacentre
from gpusetup.doctor.rule import Fix, Verdicts, either, error, fix, info, known, there, warning
from gpusetup.doctor.subjects import gpu_rule
from gpusetup.machine.model import Gpu, Machine


@gpu_rule(
    "PWR001", "A GPU is at its slowdown temperature", worst="warning", source="nvml.h, nvmlTemperatureThresholds_t"
)
def hot(machine: Machine, gpu: Gpu) -> Verdicts:
    """The temperature has reached the point at which the GPU slows itself down."""
    now, limit = there(gpu.temperature), there(gpu.temperature_limit)
    if now is not None and limit is not None and now >= limit:
        yield warning(
            f"{now} °C, at or above the slowdown temperature",
            f"temperature: {now} °C",
            f"slowdown: {limit} °C",
            fix=fix("cool"),
        )


@gpu_rule("PWR002", "A GPU slows down because of heat", worst="warning", source=nvml.EVENT_SOURCE)
def thermal_slowdown(machine: Machine, gpu: Gpu) -> Verdicts:
    """The hardware or the driver has lowered the clocks because the GPU or its memory is too hot."""
    mask = there(gpu.throttle_reasons) or 0
    if mask & (nvml.THROTTLE_HW_THERMAL | nvml.THROTTLE_SW_THERMAL):
        by = "the hardware" if mask & nvml.THROTTLE_HW_THERMAL else "the driver"
        yield warning(
            f"{by} has lowered the clocks because of heat", f"clock event reasons: {mask:#x}", fix=fix("cool")
        )


@gpu_rule("PWR003", "The power supply brakes a GPU", worst="error", source=nvml.EVENT_SOURCE)
def power_brake(machine: Machine, gpu: Gpu) -> Verdicts:
    """A signal from outside (power supply, chassis or rack) makes the GPU halve its clocks: the supply is overloaded
    or failing.
    """
    mask = there(gpu.throttle_reasons) or 0
    if mask & nvml.THROTTLE_POWER_BRAKE:
        yield error("the power supply brakes this GPU", f"clock event reasons: {mask:#x}", fix=fix("power-supply"))


@gpu_rule(
    "PWR004",
    "A GPU protects itself by slowing down",
    worst="warning",
    after=("PWR002", "PWR003"),
    source=nvml.EVENT_SOURCE,
)
def hardware_slowdown(machine: Machine, gpu: Gpu) -> Verdicts:
    """The hardware has halved the clocks to protect itself: heat, the power brake, or a power draw that rose too
    fast.
    """
    mask = there(gpu.throttle_reasons) or 0
    if mask & nvml.THROTTLE_HW_SLOWDOWN:
        yield warning(
            "the hardware has lowered the clocks to protect itself",
            f"clock event reasons: {mask:#x}",
            fix=fix("power-supply"),
        )


@gpu_rule("PWR005", "The power limit holds a GPU down though it draws little", worst="info", source=nvml.EVENT_SOURCE)
def power_cap(machine: Machine, gpu: Gpu) -> Verdicts:
    """The power limit holds the clocks down although the GPU draws less than half of it.

    At full load the limit is how modern GPUs are run; at low load it points to a limit shared with other parts, as
    notebooks have it, or to a sensor that is wrong.
    """
    if (there(gpu.throttle_reasons) or 0) & nvml.THROTTLE_POWER_CAP:
        power, limit = known(gpu.power), known(gpu.power_limit)
        if power < limit / 2:
            yield info("the power limit holds the clocks down", f"power: {power} W", f"limit: {limit} W")


@gpu_rule(
    "PWR006",
    "The driver of a server GPU is unloaded whenever no program uses it",
    worst="warning",
    source="https://docs.nvidia.com/deploy/driver-persistence/",
)
def no_persistence(machine: Machine, gpu: Gpu) -> Verdicts:
    """Persistence is off: the first program of each session waits for the GPU to be set up, and what was set is lost.

    On a desktop the display keeps the driver loaded, so nothing is said of its cards.
    """
    if there(gpu.persistence) is False and is_datacentre(machine, gpu):
        yield warning(
            "persistence is off: each first use waits for the GPU to be set up, and settings are lost",
            "persistence mode: disabled",
            fix=keeps_loaded(machine, gpu),
        )


def keeps_loaded(machine: Machine, gpu: Gpu) -> Fix:
    """Return the service that keeps the driver loaded; one that runs and does not, or is not there, leaves the mode."""
    service = next((one for one in machine.system.services if one.name == "nvidia-persistenced"), None)
    if service and not (service.enabled and either(service.running)):
        return fix("persistence")
    return fix("persistence-mode", index=str(gpu.index))


@gpu_rule(
    "PWR007",
    "A GPU's power limit is below its default",
    worst="info",
    required=False,
    source="nvml.h, nvmlDeviceGetPowerManagementDefaultLimit",
)
def lowered(machine: Machine, gpu: Gpu) -> Verdicts:
    """Somebody, or the notebook's firmware, has set a lower power limit than the card comes with: it is slower under
    load.
    """
    limit, default = there(gpu.power_limit), there(gpu.power_limit_default)
    if limit is not None and default is not None and limit < default - 1:
        yield info(
            f"the power limit is {limit:g} W, {default:g} W is the default",
            f"enforced: {limit:g} W",
            fix=fix("default-power-limit", index=str(gpu.index), watts=f"{default:g}", was=f"{limit:g}"),
        )
