"""Hostile text in every value of the newer steps, under real bash: refused when rendering, or never run."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpusetup.errors import WrongInputError
from gpusetup.resolve.model import Stack
from tests.render.kinds import stack
from tests.shims.conftest import Fedora
from tests.shims.test_shims_script import FIXED, poisoned
from tests.support import drawn

KINDS = ("installer", "classic", "wheels", "uv", "ostree", "bootc")
# compared with numbers, or part of a file's name, and then refused before any shell sees it
NUMBERS = {"branch", "compute_capability", "series"}


def hostile(kind: str, poison: str) -> Stack:
    plain = msgspec.json.decode(msgspec.json.encode(stack(kind)))
    made = poisoned(plain, poison)
    assert isinstance(made, dict)

    def numbers(bad: object, good: object) -> None:
        """Put back what has to be a number for the template to come as far as the rest."""
        if isinstance(bad, dict) and isinstance(good, dict):
            for key in bad:
                if key in NUMBERS:
                    bad[key] = good[key]
                numbers(bad[key], good[key])
        elif isinstance(bad, list) and isinstance(good, list):
            for one, other in zip(bad, good, strict=True):
                numbers(one, other)

    numbers(made, plain)
    made["choices"] = []
    return msgspec.json.decode(msgspec.json.encode(made), type=Stack)


@pytest.mark.parametrize("kind", drawn("hostile kinds", KINDS, 2))
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=("C", "Z")), max_size=8))
def test_hostile_text_is_never_run(fedora: Fedora, tmp_path: Path, kind: str, text: str) -> None:
    mark = tmp_path / "was-here"
    script = fedora.render(hostile(kind, f"'\"$(touch {mark})`touch {mark}`;touch {mark}&\\{text}"))
    (fedora.root / "run").mkdir(exist_ok=True)
    (fedora.shim / "bootc.json").write_text('{"status": {"booted": null, "staged": null}}')
    fedora.run(script, "--check")
    assert not mark.exists()
    fedora.run(script, "--from", "driver-runfile" if "\nstep_driver_runfile()" in script else "driver")
    assert not mark.exists()
    fedora.run(script, "--undo")
    assert not mark.exists()


@pytest.mark.parametrize("field", ["series", "cudnn"])
@pytest.mark.parametrize("value", ["../../etc", "13.0 x", "$(id)", ""])
def test_what_becomes_part_of_a_path_is_refused(fedora: Fedora, field: str, value: str) -> None:
    made = stack("installer")
    toolkit = msgspec.structs.replace(made.toolkit, **{field: value})
    with pytest.raises(WrongInputError, match="cannot be a name"):
        fedora.render(msgspec.structs.replace(made, toolkit=toolkit))


def test_the_fixed_values_are_few_and_checked_elsewhere() -> None:
    assert {"repo", "via", "flavour", "variant", "python_env"} < FIXED  # of a closed set: anything else does not load
    plain = msgspec.json.decode(msgspec.json.encode(stack("installer")))
    plain["request"]["variant"] = "$(id)"
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(plain), type=Stack)
