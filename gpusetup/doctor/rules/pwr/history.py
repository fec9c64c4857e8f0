"""PWR012…: for how long protections have held the clocks down since the driver was loaded."""

from __future__ import annotations

from gpusetup.doctor.gpu.cards import is_datacentre
from gpusetup.doctor.gpu.subjects import gpu_rule
from gpusetup.doctor.rule import RuleResults, fix, info, recorded, there, warning
from gpusetup.machine.model import Gpu, Machine

NOTABLE = 10_000
"""Milliseconds below which nothing is said: the start of a fan curve, one burst of load."""
LONG = 600_000
"""Milliseconds from which a server's cooling is at fault, however long it has run: a GPU of a data centre is
specified for its full clocks at the air that its server is specified for."""
SHARE = 0.01
"""Of the time since boot; the driver was loaded at the earliest then."""
# the driver's own slowdown and the hardware's are counted apart (nvml.h: SW_THERM_SLOWDOWN, HW_THERM_SLOWDOWN)
HEAT = ("thermal", "hardware thermal")
COUNTERS = "nvml.h, nvmlDeviceGetViolationStatus, NVML_FI_DEV_CLOCKS_EVENT_REASON_*"


@gpu_rule(
    "PWR012",
    "thermal-throttle-history",
    "Thermal throttling since the driver was loaded",
    worst="warning",
    after=("PWR001", "PWR002"),
    required=False,
    source=COUNTERS,
    remedies=("cool",),
)
def was_hot(machine: Machine, gpu: Gpu) -> RuleResults:
    """The driver counts how long heat has held this GPU's clocks down. It may be cool now, while nothing runs, and
    still be too hot under load: measurements and trainings at that time were slower than the card allows.

    Desktop and notebook GPUs are throttled at times by design, so of them it is only noted.
    """
    counted = dict(there(gpu.throttled) or ())
    # the larger and not the sum: both may count the same moment
    worst = max((counted.get(name, 0) for name in HEAT), default=0)
    if worst < NOTABLE:
        return
    uptime = there(recorded(machine.system.uptime, None))
    say = warning if _is_long(worst, uptime) and is_datacentre(machine, gpu) else info
    yield say(
        f"heat has throttled this GPU for {_spoken(worst)} since the driver was loaded",
        *(f"{name}: {_spoken(counted[name])}" for name in HEAT if name in counted),
        fix=fix("cool"),
    )


def _is_long(milliseconds: int, uptime: float | None) -> bool:
    return milliseconds >= LONG or bool(uptime and milliseconds / 1000 >= SHARE * uptime)


def _spoken(milliseconds: int) -> str:
    seconds = milliseconds // 1000
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


@gpu_rule(
    "PWR013",
    "power-brake-history",
    "Power-brake throttling since the driver was loaded",
    worst="warning",
    after=("PWR003",),
    required=False,
    source=COUNTERS,
    remedies=("power-supply",),
)
def was_braked(machine: Machine, gpu: Gpu) -> RuleResults:
    """The power-brake signal of the power supply, chassis or rack has held this GPU's clocks down for some time: the
    supply is overloaded at its peaks, or failing.
    """
    braked = dict(there(gpu.throttled) or ()).get("power brake", 0)
    if braked >= NOTABLE:
        yield warning(
            f"the power-brake signal has throttled this GPU for {_spoken(braked)} since the driver was loaded",
            f"power brake: {braked / 1000:g} s",
            fix=fix("power-supply"),
        )
