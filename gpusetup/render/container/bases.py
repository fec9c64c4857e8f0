"""The base images in the facts; tags are never constructed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.errors import RefusedError, WrongInputError
from gpusetup.machine.image.name import image_name
from gpusetup.render.container.model import Base
from gpusetup.text import neutral
from gpusetup.versions import cuda

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.containers import ContainerBase, ImageTag


def names(facts: Facts) -> list[str]:
    """Return the names for ``--base-image``, in the order of the table."""
    return list(dict.fromkeys(row.base for row in facts.container_base))


def base_row(facts: Facts, name: str, release: str = "") -> ContainerBase:
    """Return the row of the base called `name`: that of `release`, the first otherwise.

    Raises `WrongInputError`, which lists the names, for an unknown name, `RefusedError` when it has no such release.
    """
    rows = [one for one in facts.container_base if one.base == name]
    if not rows:
        raise WrongInputError(f"unknown base image {neutral(name)!r}", f"known: {', '.join(names(facts))}")
    for one in rows:
        if release in ("", one.release):
            return one
    raise RefusedError(
        f"no tag of {name} {neutral(release)} is on record",
        f"on record: {', '.join(one.release for one in rows)}; or give an image with --base",
    )


def base(facts: Facts, row: ContainerBase, series: str, *, pin: bool = True) -> Base:
    """Return the image of `row`; of NVIDIA's the newest of the CUDA `series`, to be built in its sibling with nvcc.

    `pin` adds the digest, where a fact has it. Raises `RefusedError` when no tag of that series is on record.
    """
    if row.image:
        return _base(row, row.image, row.digest if pin else "", row.id)
    tags = [tag for tag in facts.image_tag if tag.tag("base", row.on)]
    fitting = [tag for tag in tags if series and cuda(tag.cuda).series == cuda(series).series]
    if not fitting:
        known = sorted({cuda(tag.cuda).series for tag in tags}, key=cuda)
        what = f"CUDA {series}" if series else "no CUDA, a stack for the CPU,"
        raise RefusedError(
            f"no tag of NVIDIA's images on {row.on} with {what} is on record",
            f"on record: {', '.join(known)}; or use another --base-image",
        )
    tag = max(fitting, key=lambda one: (bool(one.tag("devel", row.on)), cuda(one.cuda)))
    name, devel = _reference(facts, tag, "base", row.on, pin=pin), _reference(facts, tag, "devel", row.on, pin=pin)
    return _base(row, name, "", row.id, tag.id, build=devel)


def own_base(reference: str, row: ContainerBase) -> Base:
    """Return the image that the user named; packages are installed in it as in the images of `row`."""
    return Base(name="", family=row.family, reference=image_name(reference), pythons=row.pythons)


def _base(row: ContainerBase, reference: str, digest: str, *source: str, build: str = "") -> Base:
    return Base(
        name=row.base,
        family=row.family,
        reference=f"{reference}@{digest}" if digest else reference,
        build_reference=build,
        pythons=row.pythons,
        source=source,
    )


def _reference(facts: Facts, tag: ImageTag, flavor: str, on: str, *, pin: bool) -> str:
    """Return an image of nvidia/cuda by its full name, "" when no such tag was seen."""
    name = tag.tag(flavor, on)
    if not name:
        return ""
    registry = next(one.registry for one in facts.image if one.registry.endswith(tag.image))
    digest = tag.digests.get(name, "") if pin else ""
    return f"{registry}:{name}@{digest}" if digest else f"{registry}:{name}"
