"""FWK20…: which of NVIDIA's libraries each imported framework really loaded (``--deep``)."""

from __future__ import annotations

import os
import re
from collections import defaultdict

from gpusetup.doctor.gpu.cards import cite
from gpusetup.doctor.rule import RuleResults, either, error, fix, known, listed, optional, rule, there, warning
from gpusetup.doctor.software.import_errors import reported
from gpusetup.doctor.software.imports import distribution, each_import, failed_trials, texts
from gpusetup.facts import facts
from gpusetup.facts.find import torch_builds
from gpusetup.machine.model import Framework, Machine
from gpusetup.versions import cudnn

MAPS = "proc_pid_maps(5): the files that the process has mapped"
# libraries with state of their own (contexts, handles): two copies of one do not share it
PAIRED = (
    "libcudart", "libcublas", "libcublasLt", "libcudnn", "libnccl", "libcufft", "libcusolver", "libcusparse",
    "libcurand", "libnvJitLink", "libcupti",
)  # fmt: skip
DRIVERS = ("libcuda.so", "libnvidia-")
SAYS_SO = "the framework's own message decides"
IMPORT = ("FWK001", "FWK002", "FWK003", "FWK004")


@rule(
    "FWK201",
    "duplicate-library",
    "Two copies of one CUDA library are loaded",
    worst="warning",
    after=("WHL005", "WHL101", "LIB003", *IMPORT),
    over=each_import,
    source=MAPS,
    remedies=("loaded",),
)
def two_copies(machine: Machine, framework: Framework) -> RuleResults:
    """One process has loaded two copies of the same NVIDIA library. Which of them a call reaches depends on the
    order of loading, and state that is created in one is unknown to the other.

    Usually LD_LIBRARY_PATH or a system-wide CUDA brings the second copy.
    """
    known(framework.version)
    copies: dict[str, set[str]] = defaultdict(set)
    for name, path in known(framework.libraries):
        stem = name.partition(".so")[0]
        if stem in PAIRED:
            copies[stem].add(path)
    for stem, paths in copies.items():
        if len(paths) > 1:
            yield warning(
                f"{framework.name} has loaded {len(paths)} copies of {stem}", *sorted(paths), fix=fix("loaded")
            )


@rule(
    "FWK202",
    "foreign-library",
    "A CUDA library is loaded from outside the environment",
    worst="warning",
    after=("LIB003", "ENV004", "FWK201", *IMPORT),
    over=each_import,
    source=MAPS,
    remedies=("loaded",),
)
def from_elsewhere(machine: Machine, framework: Framework) -> RuleResults:
    """The framework's environment has a library of NVIDIA's, and the process has loaded another copy of it, with which
    the framework was not tested. LD_LIBRARY_PATH, LD_PRELOAD or a module that was imported earlier puts the other
    copy first.
    """
    # site-packages: NVIDIA's wheels lie beside the framework
    home = os.path.dirname(known(framework.location))
    own = {one.soname.partition(".so")[0] for one in machine.libraries if one.path.startswith(home + "/")}
    strange = [
        path
        for name, path in known(framework.libraries)
        if name.partition(".so")[0] in own and not path.startswith(home + "/") and not name.startswith(DRIVERS)
    ]
    if strange:
        yield warning(
            f"{framework.name} has loaded CUDA libraries from outside its environment",
            *strange[:5],
            f"its own copies are in {home}",
            fix=fix("loaded"),
        )


@rule(
    "FWK203",
    "wrong-libcuda",
    "The loaded libcuda is not the driver's own",
    worst="error",
    after=("LIB002", "LIB004", "LIB006", *IMPORT),
    over=each_import,
    source="CUDA installation guide for Linux: stubs; " + MAPS,
    remedies=("loaded",),
)
def strange_driver_library(machine: Machine, framework: Framework) -> RuleResults:
    """The process has mapped a ``libcuda`` that is a stub (each call fails with error 34) or of another version than
    the loaded kernel module (each call fails with error 803).
    """
    for name, path in known(framework.libraries):
        if not name.startswith("libcuda.so"):
            continue
        module = there(machine.driver.kernel_module)
        # /proc/pid/maps has the file that libcuda.so.1 leads to, and it ends with the driver's version
        version = re.search(r"libcuda\.so\.(\d+\.\d+[.\d]*)$", path)
        if "/stubs/" in path:
            yield error(f"{framework.name} has loaded a stub of the driver library", path, fix=fix("loaded"))
        # forward compatibility is another version on purpose; LIB006 judges it
        elif version and module and version[1] != module and "/compat" not in path:
            yield error(
                f"{framework.name} has loaded libcuda {version[1]}, but the kernel module is {module}",
                path,
                fix=fix("loaded"),
            )


@rule(
    "FWK204",
    "cudnn-older",
    "The loaded cuDNN is older than the framework was built with",
    worst="error",
    after=("LIB003", "WHL005", "FWK202", "FWK205", *IMPORT),
    over=each_import,
    source="facts: torch_build; cuDNN documentation: API compatibility; github.com/jax-ml/jax: issue 15268",
    remedies=("older-cudnn-first", "reinstall-framework"),
)
def older_cudnn(machine: Machine, framework: Framework) -> RuleResults:
    """Within one major number cuDNN may be newer than the one that the framework was built with, but not older: newer
    functions are missing then, or are answered with "not supported". JAX and TensorFlow refuse an older one: "Loaded
    runtime CuDNN library: … but source was compiled with: …".
    """
    said = reported(texts(machine, framework))
    if said and said.rule == "FWK204":
        paths = _cudnns(framework)
        where = paths[0] if paths else "cuDNN"
        remedy = fix("older-cudnn-first", name=distribution(framework), path=where)
        yield error(f"{framework.name} refuses the cuDNN that was loaded: {said.words}", said.text, *paths, fix=remedy)
        return
    loaded = dict(known(framework.loaded)).get("cudnn")
    version = known(framework.version)
    # JAX and TensorFlow check it themselves, and their refusal was decoded above
    if framework.name != "pytorch" or not loaded:
        return
    variant = "cu" + known(framework.cuda).replace(".", "")
    builds = torch_builds(facts(), version.partition("+")[0], machine.system.arch)
    row = listed((row for row in builds if row.variant == variant and row.cudnn), f"the cuDNN of torch {version}")
    # cudnnGetVersion has three numbers, the table's wheels have four
    if cudnn(loaded).key < cudnn(row.cudnn).key[:3]:
        fails = any(trial.kernel == "convolution" for trial, _ in failed_trials(framework, SAYS_SO))
        say = error if fails else warning
        yield say(
            f"{framework.name} {version} has loaded cuDNN {loaded}",
            cite(row, f"built with cuDNN {row.cudnn}"),
            *_cudnns(framework),
            fix=fix("reinstall-framework", python=framework.python, requirement=f"torch=={version}"),
        )


def _cudnns(framework: Framework) -> list[str]:
    """Return the paths of the loaded ``libcudnn``, as evidence."""
    return [path for name, path in either(framework.libraries) or () if name.startswith("libcudnn.so")]


@rule(
    "FWK205",
    "cudnn-mixed",
    "cuDNN sublibraries of two installations are loaded",
    worst="error",
    after=("LIB003", "WHL005", *IMPORT),
    over=each_import,
    source=f"{MAPS}; github.com/pytorch/pytorch: issues 188892, 187824, 185512",
    remedies=("cudnn-one",),
)
def mixed_cudnn(machine: Machine, framework: Framework) -> RuleResults:
    """The process has loaded cuDNN's sublibraries from two folders: the wheel lacks one, or LD_LIBRARY_PATH puts
    another cuDNN first. cuDNN compares their versions and refuses: CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH.
    """
    parts = [path for name, path in optional(framework.libraries, SAYS_SO) or () if name.startswith("libcudnn")]
    folders = dict.fromkeys(os.path.dirname(path) for path in parts)
    said = reported(texts(machine, framework))
    refused = said if said and said.rule == "FWK205" else None
    if refused or len(folders) > 1:
        say = error if refused else warning
        words = f": {refused.words}" if refused else f" from {len(folders)} folders"
        yield say(
            f"{framework.name} has loaded a mixed cuDNN{words}",
            *([refused.text] if refused else []),
            *(f"{folder}: {_names(parts, folder)}" for folder in folders),
            fix=fix("cudnn-one"),
        )
    else:
        there(framework.libraries)  # without the list of what was loaded, nothing is known of it


def _names(paths: list[str], folder: str) -> str:
    return ", ".join(os.path.basename(path) for path in paths if os.path.dirname(path) == folder)
