"""CTR211, CTR213: a container toolkit with a known security hole, or another known defect."""

from __future__ import annotations

from gpusetup.doctor.gpu.cards import cite
from gpusetup.doctor.gpu.subjects import has_gpu
from gpusetup.doctor.rule import RuleResults, fix, rule, there, unlisted, warning
from gpusetup.doctor.software.installed_defects import REMEDY, SOURCE, known_defects
from gpusetup.facts import facts
from gpusetup.facts.defects import defects_of
from gpusetup.machine.dotted import is_dotted
from gpusetup.machine.model import Machine

PACKAGE = "nvidia-container-toolkit"
PATCHED = "a distribution may have repaired an older version; a newer one has no hole that the tables know"


@rule(
    "CTR211",
    "toolkit-vulnerable",
    "The NVIDIA Container Toolkit has a known container escape (CVE)",
    worst="warning",
    stage="upkeep",
    required=False,
    source="facts: defect (CVE records of NVIDIA)",
    remedies=("update-toolkit",),
)
def vulnerable(machine: Machine) -> RuleResults:
    """The installed NVIDIA Container Toolkit has a published vulnerability, by which a hostile image can leave its
    container and act as root on the host. Update it before you run images of others.
    """
    version = machine.containers.versions.get("nvidia-ctk", "")
    if not is_dotted(version):
        return
    found = [row for row in defects_of(facts(), PACKAGE, version) if row.cve]
    unlisted(found, f"a vulnerability of {PACKAGE} {version}", PATCHED)
    if found:
        yield warning(
            f"{PACKAGE} {version}: {found[0].symptom}",
            *(cite(row, f"up to {row.last}: {row.symptom}; {row.way_out}") for row in found),
            fix=fix("update-toolkit"),
        )


@rule(
    "CTR213",
    "toolkit-known-defect",
    "The NVIDIA Container Toolkit has a known defect",
    worst="warning",
    after=("GPU001",),
    required=False,
    source=SOURCE,
    remedies=(REMEDY,),
)
def defective(machine: Machine) -> RuleResults:
    """The table of facts has a defect of the installed release of the NVIDIA Container Toolkit. One that its settings
    here bring about is a warning, one that only some containers meet a note.
    """
    version = machine.containers.versions.get("nvidia-ctk", "")
    if version and has_gpu(machine):
        on = ("no-cgroups",) if there(machine.containers.no_cgroups) else ()
        yield from known_defects(machine, PACKAGE, version, settings=on)
