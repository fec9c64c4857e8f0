"""A remedy of the doctor with real dnf and rpm: done, done twice, and taken back to what was there."""

from __future__ import annotations

import subprocess

from gpusetup.render.model import Recipe
from tests.lab import stubs
from tests.lab.fedora import Lab
from tests.shims.test_shims_remedies import recipe_of

KERNEL = stubs.WORDS["KERNEL"]
ASKS = f"""#!/bin/bash
test -e /lib/modules/{KERNEL}/build/Makefile || exit 1
echo '{{"state": "ok"}}'
"""


def door(lab: Lab, made: Recipe, name: str) -> subprocess.CompletedProcess[str]:
    (step,) = made.steps
    return lab.sh("\n".join(("set -euo pipefail", made.library, step.define, getattr(step, name))))


def test_headers_are_installed_by_dnf_and_removed_by_rpm(lab: Lab) -> None:
    lab.write("/root/asks", ASKS, mode="755")
    made = recipe_of("install-headers", "fedora", python="/root/asks", values={"kernel": KERNEL})
    before = lab.state()
    assert door(lab, made, "check").returncode != 0
    for _ in range(2):
        done = door(lab, made, "apply")
        assert done.returncode == 0, done.stdout + done.stderr
        assert door(lab, made, "check").returncode == 0
    assert " kernel-devel-" in lab.state()["packages"]
    taken = door(lab, made, "undo")
    assert taken.returncode == 0, taken.stdout + taken.stderr
    assert lab.state() == before
