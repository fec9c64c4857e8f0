"""PWR00…: temperature and power as they are now, and what they do to the clocks; fans and persistence mode."""

from __future__ import annotations

from gpusetup.doctor.gpu import nvml
from gpusetup.doctor.gpu.cards import is_datacentre
from gpusetup.doctor.gpu.subjects import gpu_rule
from gpusetup.doctor.rule import Fix, RuleResults, either, error, fix, info, known, optional, recorded, there, warning
from gpusetup.machine.model import Gpu, Machine

HOT = 80
"""Degrees at which a fan turns on any card: desktop cards start theirs between 50 and 65."""
NO_LIMITS = "the margin is 0 at the limit, whatever limit it is"


@gpu_rule(
    "PWR008",
    "power-cable-nvml",
    "Auxiliary power is not connected (NVML)",
    worst="error",
    source=nvml.SOURCE,
    remedies=("power-supply",),
)
def no_power(machine: Machine, gpu: Gpu) -> RuleResults:
    """NVML returns 8: the card detects that its auxiliary power is missing. A cable is loose or of the wrong kind."""
    if said := nvml.complaint(gpu, nvml.INSUFFICIENT_POWER):
        yield error(
            "the GPU's power cables are not connected",
            f"{said.source} returns 8: {nvml.meaning(8)}",
            fix=fix("power-supply"),
        )


@gpu_rule(
    "PWR009",
    "memory-temperature",
    "GPU memory temperature is at its limit",
    worst="warning",
    source="nvml.h, NVML_TEMPERATURE_THRESHOLD_MEM_MAX and NVML_FI_DEV_MEMORY_TEMP",
    remedies=("cool",),
)
def hot_memory(machine: Machine, gpu: Gpu) -> RuleResults:
    """The memory has a sensor of its own and can be hot while the chip is cool: pads that dried out, or a fan that
    blows elsewhere. At its limit the GPU slows down, and errors grow.
    """
    now, limit = there(gpu.memory_temperature), there(gpu.memory_temperature_limit)
    if now is not None and limit is not None and now >= limit:
        yield warning(f"the memory is at {now} °C", f"memory: {now} °C", f"limit: {limit} °C", fix=fix("cool"))


@gpu_rule(
    "PWR010",
    "fan-stopped",
    "Fan is stopped on a hot GPU",
    worst="warning",
    source="nvml.h, nvmlDeviceGetFanSpeed",
    remedies=("fan",),
)
def still_fan(machine: Machine, gpu: Gpu) -> RuleResults:
    """Cards for desktops stop their fan while they are cool; this one is hot and its fan should turn."""
    speed, now = there(gpu.fan), there(gpu.temperature)
    if speed == 0 and now is not None and now >= HOT:
        yield warning(f"the fan is stopped at {now} °C", "fan: 0 %", f"temperature: {now} °C", fix=fix("fan"))


@gpu_rule(
    "PWR011",
    "application-clocks",
    "Application clocks are not the default",
    worst="info",
    required=False,
    source="nvml.h, nvmlDeviceGetApplicationsClock",
    remedies=("default-clocks",),
)
def application_clock(machine: Machine, gpu: Gpu) -> RuleResults:
    """The application clock was changed: the card is slower or faster than others of its model."""
    clocks = there(gpu.application_clock)
    if clocks and clocks[0] != clocks[1]:
        yield info(
            f"the application clock is {clocks[0]} MHz, {clocks[1]} MHz is the default",
            f"application clock: {clocks[0]} MHz",
            fix=fix("default-clocks", index=str(gpu.index)),
        )


@gpu_rule(
    "PWR001",
    "slowdown-temperature",
    "GPU is at its slowdown temperature",
    worst="warning",
    source="nvml.h, nvmlTemperatureThresholds_t, nvmlDeviceGetMarginTemperature, NVML_FI_DEV_TEMPERATURE_*_TLIMIT",
    remedies=("cool",),
)
def hot(machine: Machine, gpu: Gpu) -> RuleResults:
    """The GPU has reached the temperature at which it slows itself down.

    Cards from Ada and Hopper on report the margin that is left to their limit (T.Limit) instead of a threshold in
    degrees; one of the two is judged. On a GB200 under load the margin moves by tens of degrees within seconds, so a
    GPU that is beyond its operating temperature and not yet at its slowdown is only noted.
    """
    now, limit = there(gpu.temperature), there(gpu.temperature_limit)
    if now is not None and limit is not None and now >= limit:
        yield warning(
            f"{now} °C, at or above the slowdown temperature",
            f"temperature: {now} °C",
            f"slowdown: {limit} °C",
            fix=fix("cool"),
        )
        return
    margin = there(recorded(gpu.temperature_margin, None))  # asked for last: a threshold that is reached needs none
    if margin is not None and margin <= 0:
        # T.Limit counts down and is negative beyond the operating limit; nvidia-smi -q shows an H100's slowdown at -2
        slowdown = dict(optional(gpu.temperature_margins, NO_LIMITS) or ()).get("slowdown", 0)
        say, words = (warning, "slowdown") if margin <= slowdown else (info, "maximum operating")
        yield say(
            f"the GPU is at or above its {words} temperature",
            f"margin (T.Limit): {margin} °C, slowdown at {slowdown} °C",
            *([f"temperature: {now} °C"] if now is not None else []),
            fix=fix("cool"),
        )


@gpu_rule(
    "PWR002", "thermal-throttling", "Thermal throttling", worst="warning", source=nvml.EVENT_SOURCE, remedies=("cool",)
)
def thermal_slowdown(machine: Machine, gpu: Gpu) -> RuleResults:
    """The hardware or the driver has lowered the clocks because the GPU or its memory is too hot."""
    mask = there(gpu.throttle_reasons) or 0
    # the driver's bit is also set when only the memory is too hot (nvml.h, nvmlClocksEventReasonSwThermalSlowdown)
    if mask & (nvml.THROTTLE_HW_THERMAL | nvml.THROTTLE_SW_THERMAL):
        by = "the hardware" if mask & nvml.THROTTLE_HW_THERMAL else "the driver"
        yield warning(
            f"{by} has lowered the clocks because of heat", f"clock event reasons: {mask:#x}", fix=fix("cool")
        )


@gpu_rule(
    "PWR003",
    "power-brake",
    "GPU throttled by the power-brake signal",
    worst="error",
    source=nvml.EVENT_SOURCE,
    remedies=("power-supply",),
)
def power_brake(machine: Machine, gpu: Gpu) -> RuleResults:
    """A signal from outside (power supply, chassis or rack) makes the GPU halve its clocks: the supply is overloaded
    or failing.
    """
    mask = there(gpu.throttle_reasons) or 0
    if mask & nvml.THROTTLE_POWER_BRAKE:
        yield error(
            "the power-brake signal throttles this GPU", f"clock event reasons: {mask:#x}", fix=fix("power-supply")
        )


@gpu_rule(
    "PWR004",
    "hardware-slowdown",
    "Hardware slowdown",
    worst="warning",
    after=("PWR002", "PWR003"),
    source=nvml.EVENT_SOURCE,
    remedies=("power-supply",),
)
def hardware_slowdown(machine: Machine, gpu: Gpu) -> RuleResults:
    """The hardware has halved the clocks to protect itself: heat, the power brake, or a power draw that rose too
    fast.
    """
    mask = there(gpu.throttle_reasons) or 0
    # never an error: nvml.h says that this bit may also be set during a mere change of clocks or performance state
    if mask & nvml.THROTTLE_HW_SLOWDOWN:
        yield warning(
            "the hardware has lowered the clocks to protect itself",
            f"clock event reasons: {mask:#x}",
            fix=fix("power-supply"),
        )


@gpu_rule("PWR005", "power-cap-idle", "Power cap throttling at low power draw", worst="info", source=nvml.EVENT_SOURCE)
def power_cap(machine: Machine, gpu: Gpu) -> RuleResults:
    """The power limit lowers the clocks although the GPU draws less than half of it.

    At full load the limit is how modern GPUs are run; at low load it points to a limit shared with other parts, as
    notebooks have it, or to a sensor that is wrong.
    """
    if (there(gpu.throttle_reasons) or 0) & nvml.THROTTLE_POWER_CAP:
        power, limit = known(gpu.power), known(gpu.power_limit)
        # half is ours: a GPU that its limit really holds back draws close to all of it
        if power < limit / 2:
            yield info("the power limit lowers the clocks", f"power: {power} W", f"limit: {limit} W")


@gpu_rule(
    "PWR006",
    "persistence-off",
    "Persistence mode is off on a data-centre GPU",
    worst="warning",
    source="https://docs.nvidia.com/deploy/driver-persistence/",
    remedies=(
        "persistence",
        "persistence-mode",
    ),
)
def no_persistence(machine: Machine, gpu: Gpu) -> RuleResults:
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
    # the daemon is what NVIDIA recommends; nvidia-smi -pm is its older way, which the next reboot undoes
    if service and not (service.enabled and either(service.running)):
        return fix("persistence")
    return fix("persistence-mode", index=str(gpu.index))


@gpu_rule(
    "PWR007",
    "power-limit-lowered",
    "GPU power limit is below its default",
    worst="info",
    required=False,
    source="nvml.h, nvmlDeviceGetPowerManagementDefaultLimit",
    remedies=("default-power-limit",),
)
def lowered(machine: Machine, gpu: Gpu) -> RuleResults:
    """The power limit was lowered, by an administrator or the notebook's firmware: the GPU is slower under load."""
    limit, default = there(gpu.power_limit), there(gpu.power_limit_default)
    # one watt is ours: NVML has milliwatts, and no board is known whose limit was lowered by less on purpose
    if limit is not None and default is not None and limit < default - 1:
        yield info(
            f"the power limit is {limit:g} W, {default:g} W is the default",
            f"enforced: {limit:g} W",
            fix=fix("default-power-limit", index=str(gpu.index), watts=f"{default:g}", was=f"{limit:g}"),
        )
