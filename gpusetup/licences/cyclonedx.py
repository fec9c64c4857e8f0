"""Writes a report as a CycloneDX bill of materials, with the CycloneDX project's own library."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gpusetup import __version__
from gpusetup.errors import MissingError
from gpusetup.value import to_json

if TYPE_CHECKING:
    from cyclonedx.model.component import Component
    from cyclonedx.model.license import License

    from gpusetup.licences.model import Licences, Part

KINDS = {"image": "container", "host": "application"}
"""Kind of part → CycloneDX component type; all others are libraries."""


def bill(report: Licences) -> str:
    """Return the parts of `report` as CycloneDX 1.6 JSON.

    The same report gives the same text: the serial number is derived from the content, and the date is
    SOURCE_DATE_EPOCH if that is set. Raises `MissingError` when the library is not installed.
    """
    try:
        from cyclonedx.model.bom import Bom, BomMetaData  # an extra
        from cyclonedx.model.component import Component, ComponentType
        from cyclonedx.model.contact import OrganizationalEntity
        from cyclonedx.output.json import JsonV1Dot6
    except ImportError as error:
        raise MissingError("cyclonedx-python-lib is not installed", "pip install 'gpusetup[sbom]'") from error
    subject = Component(name=report.subject, type=ComponentType.CONTAINER, bom_ref="subject")
    tool = Component(name="gpusetup", version=__version__, type=ComponentType.APPLICATION)
    made = BomMetaData(
        component=subject,
        timestamp=datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
        if os.environ.get("SOURCE_DATE_EPOCH")
        else datetime.now(UTC),
        manufacturer=OrganizationalEntity(name="gpusetup"),
    )
    made.tools.components.add(tool)
    parts = [_component(part) for part in report.parts]
    serial = uuid.uuid5(uuid.NAMESPACE_URL, to_json(report))
    bom = Bom(components=parts, metadata=made, serial_number=serial)
    bom.register_dependency(subject, parts)
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def _component(part: Part) -> Component:
    from cyclonedx.model import HashAlgorithm, HashType, Property
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL  # the library brings it

    kind = part.key.partition("/")[0]
    said = {"where": part.where, "free-software": _free(part.free), "redistributable": part.redistributable}
    said |= {"fact": part.fact, "note": part.note}
    return Component(
        name=part.name,
        version=part.version or None,
        type=ComponentType(KINDS.get(kind, "library")),
        bom_ref=f"{part.where}:{part.key}@{part.version}",
        purl=PackageURL.from_string(part.purl) if part.purl else None,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=part.sha256)] if part.sha256 else [],
        licenses=_licences(part),
        properties=[Property(name=f"gpusetup:{name}", value=value) for name, value in said.items() if value],
    )


def _licences(part: Part) -> list[License]:
    """Return the licence as an SPDX expression if it is one, else as free text."""
    from cyclonedx.contrib.license.factories import LicenseFactory

    own_words = part.spdx.startswith("LicenseRef-") or not part.spdx
    said = part.licence if own_words else part.spdx
    return [LicenseFactory().make_from_string(said)] if said else []


def _free(free: bool | None) -> str:
    return "" if free is None else "yes" if free else "no"
