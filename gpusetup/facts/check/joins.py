"""References that must exist in another table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gpusetup.facts import Facts
from gpusetup.facts.check.contradiction import Contradiction
from gpusetup.facts.find import torch_builds
from gpusetup.versions import capability, cuda, cudnn

FIRST_SERIES = cuda("10.0")
"""Older series are referenced by old GPUs and wheels, but have no rows."""

WITHOUT_TOOLKIT = "12.7"
"""Reported by driver branch 565; no toolkit of that series was ever published."""


def series_are_known(facts: Facts) -> Iterator[Contradiction]:
    """Demand a row about the toolkit of every CUDA series that a row names."""
    known = {row.series for row in facts.cuda_series} | {WITHOUT_TOOLKIT}
    named = [
        *((row.id, row.series) for row in facts.cuda),
        *((row.id, row.cuda_max) for row in facts.branch if row.cuda_max),
        *((row.id, row.cuda) for row in facts.torch_build),
        *((row.id, row.cuda) for row in facts.tensorflow),
        *((row.id, series) for row in facts.arch for series in (row.cuda_first, row.cuda_last) if series),
        *((row.id, series) for row in facts.nvidia_repo for series in (row.toolkit_first, row.toolkit_last) if series),
    ]
    for row_id, series in named:
        if cuda(series) >= FIRST_SERIES and series not in known:
            yield Contradiction(row=row_id, text=f"names CUDA {series}, which has no row")


def builds_belong_to_releases(facts: Facts) -> Iterator[Contradiction]:
    """Demand that a build names releases and a variant that have rows, and has its variant's CUDA."""
    releases = {row.release for row in facts.torch}
    variants = {row.variant: row.cuda for row in facts.variant}
    for row in facts.torch_build:
        for release in sorted(set(row.releases) - releases):
            yield Contradiction(row=row.id, text=f"is a build of torch {release}, which has no row")
        if variants.get(row.variant) != row.cuda:
            yield Contradiction(row=row.id, text=f"has CUDA {row.cuda}, which differs from its variant {row.variant}")


def default_variants_are_built(facts: Facts) -> Iterator[Contradiction]:
    """Demand that a plain pip install brings a variant the release has, built once and with a row."""
    for row in facts.torch:
        built = [build.variant for build in torch_builds(facts, row.release)]
        if row.variants and row.default_variant and row.default_variant not in row.variants:
            yield Contradiction(row=row.id, text=f"defaults to {row.default_variant}, which it does not have")
        if row.default_variant and row.default_variant not in built:
            yield Contradiction(row=row.id, text=f"defaults to {row.default_variant}, whose build has no row")
        if len(built) > len(set(built)):
            yield Contradiction(row=row.id, text="has two rows for one build")


def builds_fit_their_toolkit(facts: Facts) -> Iterator[Contradiction]:
    """Demand that a build has code only for capabilities that its CUDA series can target."""
    series = {row.series: row for row in facts.cuda_series}
    for row in facts.torch_build:
        toolkit = series.get(row.cuda)
        if toolkit is None:
            continue
        for text in (*row.cc, *((row.ptx,) if row.ptx else ())):
            low, high = capability(toolkit.cc_min), capability(toolkit.cc_max)
            if not low <= capability(text) or capability(text).key[:2] > high.key[:2]:
                yield Contradiction(row=row.id, text=f"has code for {text}, outside {low} to {high} of CUDA {row.cuda}")


def cudnn_versions_are_known(facts: Facts) -> Iterator[Contradiction]:
    """Demand a row about every cuDNN that a wheel brings or that support is documented for."""
    known = [cudnn(row.version).key for row in facts.cudnn]
    named = [
        *((row.id, row.cudnn) for row in facts.torch_build if row.cudnn),
        *((row.id, text) for row in facts.cudnn_support for text in (row.first, row.last)),
        *((row.id, row.cudnn) for row in facts.tensorflow),
    ]
    for row_id, text in named:
        key = cudnn(text).key
        if not any(each[: len(key)] == key for each in known):
            yield Contradiction(row=row_id, text=f"names cuDNN {text}, which has no row")
    for row in facts.cudnn_support:
        if cudnn(row.first) > cudnn(row.last):
            yield Contradiction(row=row.id, text=f"runs backwards, {row.first} to {row.last}")


def builds_keep_to_what_cudnn_supports(facts: Facts) -> Iterator[Contradiction]:
    """Demand that a build has no code below the capability that its cuDNN is documented for, where it is documented."""
    for row in facts.torch_build:
        brought = cudnn(row.cudnn).key[:3] if row.cudnn and row.cc else ()
        floors = [
            capability(support.cc_min)
            for support in facts.cudnn_support
            if row.cuda in support.cuda and cudnn(support.first).key[:3] <= brought <= cudnn(support.last).key[:3]
        ]
        if floors and min(map(capability, row.cc)) < min(floors):
            yield Contradiction(row=row.id, text=f"has code below {min(floors)}, the floor of cuDNN {row.cudnn}")


def keys_exist(facts: Facts) -> Iterator[Contradiction]:
    """Demand a row about every key that is used, and fingerprints that end in their key id."""
    known = {row.key_id for row in facts.key}
    used = [
        *((row.id, key) for row in facts.repo for key in row.key_ids),
        *((row.id, key) for row in facts.repo for key in row.release_keys.values()),
        *((row.id, row.key_id) for row in facts.nvidia_repo if row.key_id),
    ]
    for row_id, key_id in used:
        if key_id not in known:
            yield Contradiction(row=row_id, text=f"is signed with {key_id}, which has no row")
    for row in facts.key:
        if row.fingerprint and not re.fullmatch(rf"[0-9A-F]{{32}}{row.key_id}", row.fingerprint):
            yield Contradiction(row=row.id, text=f"fingerprint {row.fingerprint} is not one of key {row.key_id}")


def packages_have_a_repository(facts: Facts) -> Iterator[Contradiction]:
    """Demand that a package comes from a repository that has a row, from the distribution or from pip."""
    known = {row.name for row in facts.repo} | {row.name for row in facts.distribution} | {"pip"}
    for row in facts.package:
        if row.repo not in known:
            yield Contradiction(row=row.id, text=f"comes from {row.repo}, which has no row")
