"""Which reset a GPU may be given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.doctor.rule import Fix, either, fix

if TYPE_CHECKING:
    from gpusetup.machine.model import Gpu


def reset(gpu: Gpu) -> Fix:
    """Return the remedy that resets `gpu`, and keeps ECC where the reset would turn it off for good.

    A reset puts the pending ECC mode into force (nvml.h, nvmlDeviceGetEccMode); without ECC the memory's next error
    passes unseen.
    """
    loses_ecc = either(gpu.ecc) is True and either(gpu.ecc_pending) is False
    return fix("keep-ecc-then-reset" if loses_ecc else "reset-gpu", index=str(gpu.index))
