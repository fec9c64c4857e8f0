"""Every GPU of the table is held against every build of PyTorch and TensorFlow.

The judge here is written from the rule (machine code for X.y runs on X.z with z ≥ y; PTX forward only; Tegra only its
own) over integers, apart from `gpusetup.versions`, and cards whose answer is known stand beside it.
"""

from __future__ import annotations

import pytest

from gpusetup.facts import facts
from gpusetup.facts.find import torch_builds
from gpusetup.versions import runs_on

TEGRA = {53, 62, 72, 87, 101}


def number(text: str) -> int:
    major, minor = text.rstrip("af").split(".")
    return 10 * int(major) + int(minor)


def judge(compiled: tuple[str, ...], ptx: str, card: str) -> bool:
    """Decide by integers: 6.1 is 61."""
    device = number(card)
    if ptx and number(ptx) <= device:
        return True
    for text in compiled:
        code = number(text)
        if code == device:
            return True
        bound = text[-1] == "a" or TEGRA & {code, device}
        if not bound and code // 10 == device // 10 and code < device:
            return True
    return False


CASES = [(build.id, build.cc, build.ptx) for build in facts().torch_build] + [
    (release.id, release.cc, release.ptx) for release in facts().tensorflow
]


def test_every_card_against_every_build() -> None:
    pairs = [(gpu, case) for gpu in facts().gpu for case in CASES]
    wrong = [
        (gpu.name, row) for gpu, (row, cc, ptx) in pairs if bool(runs_on(cc, ptx, gpu.cc)) != judge(cc, ptx, gpu.cc)
    ]
    assert wrong == []
    assert len(pairs) == len(facts().gpu) * (len(facts().torch_build) + len(facts().tensorflow))


# card → (newest release with a variant that runs on it, the variants of that release that do)
KNOWN = {
    "6.1": ("2.14.1", {"cu126"}),
    "5.2": ("2.14.1", {"cu126"}),
    "7.0": ("2.14.1", {"cu126"}),
    "7.5": ("2.15.0", {"cu132"}),
    "8.9": ("2.15.0", {"cu132"}),
    "12.0": ("2.15.0", {"cu132"}),
    "12.1": ("2.15.0", {"cu132"}),
    "10.7": ("2.15.0", {"cu132"}),
    "3.7": ("2.7.1", {"cu118"}),
    "3.5": ("1.12.1", {"cu102"}),
    "3.0": ("1.3.0", {"cu100", "cu101"}),
}


@pytest.mark.parametrize("card", KNOWN)
def test_the_newest_pytorch_of_a_card(card: str) -> None:
    """PyTorch's release matrix, and for 2.15 its wheel, say which variant has what; 10.7 rests on rule alone."""
    for release in facts().torch:
        builds = [build for build in torch_builds(facts(), release.release) if build.cc]
        variants = {build.variant for build in builds if runs_on(build.cc, build.ptx, card)}
        if variants:
            assert (release.release, variants) == KNOWN[card]
            return
    pytest.fail(f"no PyTorch runs on {card}")
