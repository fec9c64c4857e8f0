"""What counts as an answer: a driver in trouble says "success" with values that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gpusetup.machine.model import VgpuLicence

NVIDIA = 0x10DE
# bounds on nonsense, far above any card: a petabyte, and a trillion errors
MANY_BYTES = 1 << 50
MANY_ERRORS = 1 << 40
ARCHITECTURES = {
    2: "Kepler",
    3: "Maxwell",
    4: "Pascal",
    5: "Volta",
    6: "Turing",
    7: "Ampere",
    8: "Ada",
    9: "Hopper",
    10: "Blackwell",
    13: "Rubin",
}
"""nvmlDeviceArchitecture_t."""


class NonsenseError(Exception):
    """The driver answered "success" with a value that cannot be."""


def text(value: Any) -> str:
    """Return a name that is printable UTF-8 and not empty."""
    # older releases of nvidia-ml-py return bytes
    raw = value if isinstance(value, bytes) else str(value).encode(errors="surrogateescape")
    try:
        words = raw.decode().strip()
    except UnicodeDecodeError as error:
        raise NonsenseError(f"not text: {raw[:40]!r}") from error
    if not words or any(ord(char) < 32 or ord(char) == 127 for char in words):
        raise NonsenseError(f"not text: {raw[:40]!r}")
    return words


def within(low: int, high: int) -> Callable[[Any], int]:
    """Return a converter that takes whole numbers from `low` to `high`."""

    def convert(value: Any) -> int:
        number = int(value)
        if not low <= number <= high:
            raise NonsenseError(f"{number} is not between {low} and {high}")
        return number

    return convert


def flag(value: Any) -> bool:
    """Return a 0 or 1."""
    return bool(within(0, 1)(value))


def flags(pair: Any) -> tuple[bool, bool]:
    """Return two of them."""
    first, second = pair
    return flag(first), flag(second)


def current(pair: Any) -> bool:
    """Return the mode that holds now, of (now, after the next reset)."""
    return flags(pair)[0]


def pending(pair: Any) -> bool:
    """Return the mode that will hold after the next reset."""
    return flags(pair)[1]


def watts(milliwatts: Any) -> float:
    """Return milliwatts as watts."""
    return within(0, 20_000_000)(milliwatts) / 1000


def limit(milliwatts: Any) -> float:
    """Return a limit in watts; nothing can run on none."""
    # 20 kW: a whole tray of superchips draws less
    return within(1000, 20_000_000)(milliwatts) / 1000


def cuda(number: Any) -> str:
    """Return 13000 as ``13.0``."""
    # 1000 × major + 10 × minor (nvmlSystemGetCudaDriverVersion)
    whole = within(1000, 99_999)(number)
    return f"{whole // 1000}.{whole % 1000 // 10}"


def capability(pair: Any) -> str:
    """Return (8, 9) as ``8.9``."""
    major, minor = pair
    # the largest so far is 12.1; what a driver of garbage answers is far beyond
    return f"{within(1, 99)(major)}.{within(0, 9)(minor)}"


def architecture(number: Any) -> str:
    """Return the name, or the number of one that is newer than our list."""
    return ARCHITECTURES.get(int(number), str(within(1, 99)(number)))


def address(info: Any) -> str:
    """Return NVML's ``00000000:01:00.0`` the way sysfs writes it, ``0000:01:00.0``."""
    # NVML writes a domain of eight digits from nvmlDeviceGetPciInfo_v3 on (NVML_DEVICE_PCI_BUS_ID_FMT), the kernel one
    # of four
    domain, _, rest = text(info.busId).lower().partition(":")
    try:
        return f"{int(domain, 16):04x}:{rest}"
    except ValueError as error:
        raise NonsenseError(f"not a PCI address: {domain}:{rest}") from error


def device_id(info: Any) -> str:
    """Return the device's part of nvmlPciInfo_t.pciDeviceId, as sysfs writes it; the lower half is the vendor's."""
    if int(info.pciDeviceId) & 0xFFFF != NVIDIA:
        raise NonsenseError(f"{int(info.pciDeviceId):#x} is no PCI id of NVIDIA's")
    return f"{int(info.pciDeviceId) >> 16:04x}"


def total(memory: Any) -> int:
    """Return all bytes of nvmlMemory_t."""
    return within(1, MANY_BYTES)(memory.total)


def used(memory: Any) -> int:
    """Return the used bytes of nvmlMemory_t, which cannot be more than all."""
    return within(0, total(memory))(memory.used)


def busy(rates: Any) -> int:
    """Return the percent of time of nvmlUtilization_t in which a kernel ran."""
    return within(0, 100)(rates.gpu)


def bar1(memory: Any) -> int:
    """Return all bytes of nvmlBAR1Memory_t."""
    return within(1, MANY_BYTES)(memory.bar1Total)


def rows(answer: Any) -> tuple[int, int, bool, bool]:
    """Return the counts and flags of remapped rows."""
    corrected, uncorrected, waiting, failure = answer
    # nonsense is refused and no limit is judged: an H200 has 3,072 banks, with a few spare rows each
    count = within(0, 1_000_000)
    return count(corrected), count(uncorrected), flag(waiting), flag(failure)


def confidential(state: Any) -> bool:
    """Return the feature flag of nvmlConfComputeSystemState_t."""
    return flag(state.ccFeature)


def spare_rows(histogram: Any) -> tuple[int, int, int, int, int]:
    """Return the counts of nvmlRowRemapperHistogramValues_t, from all spares left to none; a GPU has some banks."""
    count = within(0, 1_000_000)
    banks = (
        count(histogram.max),
        count(histogram.high),
        count(histogram.partial),
        count(histogram.low),
        count(histogram.none),
    )
    if not any(banks):
        raise NonsenseError("memory without a bank")
    return banks


def licences(features: Any) -> tuple[VgpuLicence, ...]:
    """Return the features of nvmlGridLicensableFeatures_t; one without a name is called by its code."""
    # nvml.h, NVML_GRID_LICENSE_FEATURE_MAX_COUNT is 3: the array has no more
    count = within(0, 3)(features.licensableFeaturesCount) if flag(features.isGridLicenseSupported) else 0
    return tuple(_licence(one) for one in features.gridLicensableFeatures[:count])


def _licence(feature: Any) -> VgpuLicence:
    name = text(feature.productName) if feature.productName else f"feature {int(feature.featureCode)}"
    return VgpuLicence(product=name, licensed=flag(feature.featureState))
