"""What an image needs of its host, by its labels and its environment, ours and other people's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpusetup.doctor.software.min_driver import MinDriver, known_floor
from gpusetup.value import Value
from gpusetup.versions import cuda, driver

if TYPE_CHECKING:
    from gpusetup.machine.model.image import Image

PREFIX = "io.gpusetup."
CUDA, CODE = f"{PREFIX}cuda.", f"{PREFIX}code."
COMPAT = ("NV_CUDA_COMPAT_PACKAGE", "NV_CUDA_COMPAT_VERSION")
"""Set in NVIDIA's images that carry the forward-compatibility package."""


class ImageFramework(Value):
    """One framework inside an image."""

    name: str
    cuda: str
    """The CUDA series it brings."""
    code: str
    """What it was compiled for, ``7.5 8.0 12.0+PTX``; "" where that is not on record."""


class Needs(Value):
    """What an image needs; "" and () where it does not say."""

    floor: MinDriver | None
    """The lowest driver, where its labels name one."""
    cuda: tuple[str, ...]
    """The CUDA series inside."""
    frameworks: tuple[ImageFramework, ...]
    conditions: dict[str, str]
    """NVIDIA_REQUIRE_… → its expression."""
    capabilities: str
    forward_compat: bool

    @property
    def gpu(self) -> bool:
        """Whether it needs a GPU at all."""
        return bool(self.floor or self.conditions or self.cuda)


def needs(image: Image) -> Needs:
    """Return what `image` needs: what our labels say, else what NVIDIA's variables and labels let one infer."""
    series = tuple(_cuda(image))
    return Needs(
        floor=_labelled_floor(image),
        cuda=series,
        frameworks=tuple(_frameworks(image)),
        conditions=_conditions(image),
        capabilities=image.environment.get("NVIDIA_DRIVER_CAPABILITIES", ""),
        forward_compat=any(image.environment.get(name) for name in COMPAT),
    )


def speaks(image: Image) -> bool:
    """Say whether `image` tells anything of what it needs."""
    return any(name.startswith(PREFIX) for name in image.labels) or bool(_conditions(image) or tuple(_cuda(image)))


def _cuda(image: Image) -> Iterator[str]:
    ours = dict.fromkeys(one.cuda for one in _frameworks(image))
    others = image.environment.get("CUDA_VERSION") or image.labels.get("com.nvidia.cuda.version") or ""
    for one in ours or others.split():
        yield cuda(one).series


def driver_needed(wanted: Needs) -> MinDriver | None:
    """Return the lowest driver for all that is inside; raises `UnreadError` for a CUDA of which no table tells it."""
    if wanted.floor:
        return wanted.floor
    return max(map(known_floor, wanted.cuda), key=lambda one: driver(one.driver), default=None)


def _labelled_floor(image: Image) -> MinDriver | None:
    labelled = image.labels.get(f"{PREFIX}driver-floor")
    return MinDriver(driver=driver(labelled).text, known_by=f"label {PREFIX}driver-floor") if labelled else None


def _frameworks(image: Image) -> Iterator[ImageFramework]:
    for label, series in image.labels.items():
        if label.startswith(CUDA):
            name = label.removeprefix(CUDA)
            yield ImageFramework(name=name, cuda=series, code=image.labels.get(CODE + name, ""))


def _conditions(image: Image) -> dict[str, str]:
    if image.environment.get("NVIDIA_DISABLE_REQUIRE", "").lower() in {"1", "true", "yes"}:
        return {}
    said = image.environment.items()
    return {name: value for name, value in said if name.startswith("NVIDIA_REQUIRE_") and value.strip()}
