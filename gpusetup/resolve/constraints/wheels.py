"""The wheels that run on each card and driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.resolve.candidates import CardKind, CudnnWheel, DriverOffer, TensorflowWheel, TorchWheel
from gpusetup.resolve.solver.problem import ConstraintResult, because, constraint, fails, holds
from gpusetup.versions import cuda, dotted, runs_on
from gpusetup.versions import driver as driver_version

if TYPE_CHECKING:
    from gpusetup.facts.min_driver import DriverMinimum
    from gpusetup.facts.model.cudnn import CudnnSupport


NAMED_BY_VARIANT = dotted("1.2")
"""From this release on, a wheel's version names its CUDA variant (fact ``index-torch-find-links``)."""


@constraint("torch")
def torch_variant_is_offered(torch: TorchWheel) -> ConstraintResult:
    """Refuse a variant that pip cannot name; otherwise give its origin as a reason."""
    row = torch.row
    if torch.build is None or not row.default_variant:
        return holds()
    # two wheels of one name and version: pip takes whichever the index lists first
    if torch.variant != row.default_variant and dotted(row.release) < NAMED_BY_VARIANT:
        return fails(because(row, f"wheels of torch {row.release} do not name their variant, so pip can install only "
                                  f"the default, {row.default_variant}"))  # fmt: skip
    if torch.variant == row.default_variant:
        return holds(because(row, f"{torch.variant} is the default of torch {row.release}"))
    return holds(because(row, f"{torch.variant} comes from PyTorch's own index; the default is {row.default_variant}"))


@constraint("card", "torch")
def torch_has_kernels(card: CardKind, torch: TorchWheel) -> ConstraintResult:
    """Demand machine code, or PTX the driver can compile, that runs on the card."""
    if torch.build is None:  # the build for the CPU
        return holds()
    if torch.series is not None and dotted(card.cc) < dotted(torch.series.cc_min):
        return fails(because(torch.series, f"CUDA {torch.series.series} compiles for {torch.series.cc_min} and newer, "
                                           f"so torch {torch} has no kernels for {card}"))  # fmt: skip
    listed = torch.kernels
    if listed is None:
        return fails(
            because(torch.build, f"the compute capabilities that torch {torch} was compiled for are not known")
        )
    have = runs_on(listed.cc, listed.ptx, card.cc)
    taken = "" if listed is torch.build else f" (its list is not known; that of torch {listed.releases[0]} is used)"
    if not have:
        return fails(because(listed, f"torch {torch} was compiled for {', '.join(listed.cc)}, none of which runs on "
                                     f"{card}{taken}"))  # fmt: skip
    return holds(because(listed, f"torch {torch} has {have}, which runs on {card}{taken}"))


@constraint("card", "torch")
def torch_cudnn_knows_card(card: CardKind, torch: TorchWheel) -> ConstraintResult:
    """Demand a wheel whose cuDNN supports the card, by NVIDIA's support matrix."""
    if torch.support is None or torch.build is None:
        return holds()
    return documented(card, torch.build.cudnn, torch.support)


@constraint("driver", "torch")
def driver_runs_torch(driver: DriverOffer, torch: TorchWheel) -> ConstraintResult:
    """Demand a driver that can run programs of the wheel's CUDA."""
    if torch.build is None:
        return holds()
    return above_floor(driver, torch.floor, torch.build.cuda, f"torch {torch}")


@constraint("card", "driver", "torch")
def driver_compiles_torch_ptx(card: CardKind, driver: DriverOffer, torch: TorchWheel) -> ConstraintResult:
    """Demand a driver as new as the wheel's CUDA where the card depends on PTX: older drivers reject newer PTX."""
    if torch.build is None or torch.kernels is None:
        return holds()
    have = runs_on(torch.kernels.cc, torch.kernels.ptx, card.cc)
    return _takes_ptx(card, driver, have, torch.build.cuda, f"torch {torch}")


@constraint("card", "tensorflow")
def tensorflow_has_kernels(card: CardKind, tensorflow: TensorflowWheel) -> ConstraintResult:
    """Demand a card that the wheel's CUDA can target and that TensorFlow lists."""
    if not tensorflow.gpu:
        return holds()
    if dotted(card.cc) < dotted(tensorflow.series.cc_min):
        return fails(because(tensorflow.series, f"TensorFlow {tensorflow.row.release} is built with CUDA "
                             f"{tensorflow.series.series}, which targets {tensorflow.series.cc_min} and newer; "
                             f"{card} is older"))  # fmt: skip
    row = tensorflow.row
    if row.cc:
        have = runs_on(row.cc, row.ptx, card.cc)
        text = f"TensorFlow {row.release} was compiled for {', '.join(row.cc)}"
        return holds(because(row, f"{text}: {have} runs on {card}")) if have else fails(
            because(row, f"{text}, none of which runs on {card}"))  # fmt: skip
    return holds(
        because(
            tensorflow.kernels, f"TensorFlow supports 3.5, 5.0, 6.0, 7.0, 7.5, 8.0 and above, which includes {card}"
        )
    )


@constraint("card", "driver", "tensorflow")
def driver_compiles_tensorflow_ptx(
    card: CardKind, driver: DriverOffer, tensorflow: TensorflowWheel
) -> ConstraintResult:
    """Demand a driver as new as the wheel's CUDA where the card depends on PTX."""
    row = tensorflow.row
    if not tensorflow.gpu or not row.cc:
        return holds()
    return _takes_ptx(card, driver, runs_on(row.cc, row.ptx, card.cc), row.cuda, f"TensorFlow {row.release}")


def _takes_ptx(card: CardKind, driver: DriverOffer, have: str, release: str, what: str) -> ConstraintResult:
    """Return whether `driver` can compile PTX of CUDA `release`, where the card would run PTX."""
    newest = driver.branch.cuda_max
    # a driver compiles PTX up to its own CUDA, whatever minor-version compatibility allows of machine code
    if not have.startswith("PTX") or not newest or cuda(newest) >= cuda(cuda(release).series):
        return holds()
    text = f"{card} depends on the {have} in {what}, but driver {driver.version} accepts PTX up to CUDA {newest} only"
    return fails(because(driver.branch, text))


@constraint("driver", "tensorflow")
def driver_runs_tensorflow(driver: DriverOffer, tensorflow: TensorflowWheel) -> ConstraintResult:
    """Demand a driver that can run programs of the wheel's CUDA."""
    if not tensorflow.gpu:
        return holds()
    return above_floor(driver, tensorflow.floor, tensorflow.row.cuda, f"TensorFlow {tensorflow.row.release}")


@constraint("card", "cudnn")
def cudnn_knows_card(card: CardKind, cudnn: CudnnWheel) -> ConstraintResult:
    """Demand a cuDNN whose support matrix includes the card."""
    return documented(card, cudnn.row.version, cudnn.support)


def documented(card: CardKind, version: str, support: CudnnSupport) -> ConstraintResult:
    """Return whether NVIDIA documents cuDNN `version` for the card."""
    knows = dotted(card.cc) >= dotted(support.cc_min)
    text = f"cuDNN {version} is documented for {support.cc_min} and newer" + ("" if knows else f"; {card} is older")
    return ConstraintResult(knows, (because(support, text),))


def above_floor(driver: DriverOffer, floor: DriverMinimum | None, release: str, what: str) -> ConstraintResult:
    """Return whether `driver` is new enough for programs of CUDA `release`."""
    if floor is None:
        return fails(because(driver.branch, f"the driver that {what} needs is not in the tables"))
    enough = driver_version(driver.version) >= driver_version(floor.driver)
    text = f"{what} needs driver {floor.driver} or newer (CUDA {cuda(release).series}); {driver.version} is " + (
        "new enough" if enough else "older"
    )
    return ConstraintResult(enough, (because(floor.row, text),))
