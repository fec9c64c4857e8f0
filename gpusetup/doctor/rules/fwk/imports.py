"""FWK00…: can each installed framework be imported at all (``--deep``)."""

from __future__ import annotations

import re

from gpusetup.doctor.rule import RuleResult, RuleResults, either, error, fix, rule, unknown
from gpusetup.doctor.software.cuda_libraries import bringing, cuda_major
from gpusetup.doctor.software.import_errors import meaning
from gpusetup.doctor.software.imports import died, each_import, import_failure, refused, requirement, said_of
from gpusetup.machine.model import Framework, Machine

LOADER = "glibc: elf/dl-load.c, elf/dl-lookup.c (messages of the dynamic loader)"
PYTHON = "Python documentation: ImportError"
SIGNALS = {
    "SIGILL": "the processor lacks an instruction that the framework was compiled for",
    "SIGKILL": "most likely the machine ran out of memory",
    "SIGSEGV": "it accessed invalid memory; usually two libraries are incompatible",
    "SIGABRT": "it detected an internal error and aborted",
    "SIGBUS": "usually a library file is truncated, or shared memory is full",
}


def told_by(rule_id: str, machine: Machine, framework: Framework, remedy: str) -> RuleResults:
    """Yield the verdict on a failed import, if its error belongs to the rule."""
    why = import_failure(framework)
    if not why or died(why):
        return
    said = meaning(why.detail)
    if said.rule == rule_id:
        yield RuleResult(
            "error",
            f"{framework.name} cannot be imported: {said.words}",
            (why.detail, *_brought_by(framework, said.what), f"imported by {framework.python}"),
            fix(remedy, python=framework.python, requirement=requirement(machine, framework)),
            "",
        )


def _brought_by(framework: Framework, what: str) -> list[str]:
    """Return which wheel of NVIDIA's brings the library that the error names."""
    # sonames of CUDA 11 to 13 end with the major (libcublas.so.12); others count for themselves (libcufft.so.11)
    named = re.search(r"(?<=\.so\.)1[123]\b", what)
    wheel = bringing(what, cuda_major(either(framework.cuda) or (named[0] if named else "")))
    return [f"{what} is brought by the wheel {wheel}"] if wheel else []


@rule(
    "FWK001",
    "import-failed",
    "A framework cannot be imported",
    worst="error",
    blocks="framework",
    over=each_import,
    source=PYTHON,
    remedies=("check-environment",),
)
def not_importable(machine: Machine, framework: Framework) -> RuleResults:
    """The framework is installed, but importing it raises an error that no other rule covers.

    The last line of the error usually names a module that is missing or of the wrong version. ``pip check`` in that
    environment lists incompatible packages.

    It is unknown where root was asked, and a user who is neither root nor the one whose environment it is could
    change what would run: nothing is run then.
    """
    if why := refused(framework):
        yield unknown(f"{framework.name} was not imported", why)
        return
    yield from told_by("FWK001", machine, framework, "check-environment")


@rule(
    "FWK002",
    "library-missing",
    "A framework cannot load a library",
    worst="error",
    blocks="framework",
    after=("FWK001", "LIB001", "WHL002", "WHL101", "WHL106"),
    over=each_import,
    source=LOADER,
    remedies=("reinstall-framework",),
)
def missing_library(machine: Machine, framework: Framework) -> RuleResults:
    """Importing the framework ends with "cannot open shared object file": a library that its wheel needs is missing
    or was never installed.

    NVIDIA's libraries come as wheels of their own (nvidia-cudnn-…, nvidia-cublas-…); installing the framework again
    with its dependencies brings them back.
    """
    yield from told_by("FWK002", machine, framework, "reinstall-framework")


@rule(
    "FWK003",
    "libraries-incompatible",
    "Incompatible library versions in a framework",
    worst="error",
    blocks="framework",
    after=("FWK001", "LIB003", "WHL005", "WHL101", "ENV004", "WHL106"),
    over=each_import,
    source=LOADER,
    remedies=("reinstall-framework",),
)
def unfitting_library(machine: Machine, framework: Framework) -> RuleResults:
    """Importing the framework ends with "undefined symbol", "version … not found" or the like: a library was found
    that is of another version than the one the framework was built with.

    Mostly LD_LIBRARY_PATH or LD_PRELOAD puts another copy first, two wheels own the same file, or the system's C or
    C++ library is older than the wheel.
    """
    yield from told_by("FWK003", machine, framework, "reinstall-framework")


@rule(
    "FWK004",
    "import-crash",
    "Importing a framework crashes or hangs",
    worst="error",
    blocks="framework",
    after=("FWK001", "LIM006"),
    over=each_import,
    source="signal(7); what the child process of gpusetup was ended by",
    remedies=("check-environment",),
)
def import_dies(machine: Machine, framework: Framework) -> RuleResults:
    """The process that imported the framework was killed by a signal, or did not finish in time.

    SIGILL means that the processor lacks an instruction (AVX mostly), SIGKILL that the machine ran out of memory; a
    hang is usually a network file system or a driver that does not answer.
    """
    why = import_failure(framework)
    if why and died(why):
        # the signal stands by name in what the parent saw of the child's end
        means = next((words for name, words in SIGNALS.items() if name in why.detail), "")
        yield error(
            f"{framework.name} cannot be imported: {means or why.detail}",
            f"at the step {why.source}: {why.detail}",
            f"imported by {framework.python}",
            *said_of(framework, "error", "fatal", "cannot", "terminate"),
            fix=fix("check-environment", python=framework.python, requirement=requirement(machine, framework)),
        )
