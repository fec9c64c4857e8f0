"""``gpusetup verify``: compute again what a lock holds, and say whether it is the same, and if not, why."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpusetup.cli._command import Command
from gpusetup.cli._comparison import comparison_kind, show_comparison
from gpusetup.cli._completion import FrameworkName
from gpusetup.cli._deliver import deliver
from gpusetup.cli._options import as_json, one_format, schema_option
from gpusetup.cli._output import OUTPUT
from gpusetup.cli._presets import preset_option
from gpusetup.cli._reports import format_option, reports_option
from gpusetup.cli._streams import notify
from gpusetup.cli.lock import FILE
from gpusetup.cli.selftest import several_seeds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gpusetup.evidence.again import Changes
    from gpusetup.evidence.model import Comparison, Evidence

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(cls=Command)
@click.argument("file", metavar="[LOCK]", type=click.Path(path_type=Path), default=FILE)
@click.option("--profile", default="", metavar="NAME", help="Which proof of the lock.  [default: the only one]")
@click.option("--check", "names", multiple=True, metavar="NAME", help="Only this check (repeatable).")
@click.option(
    "--framework", "frameworks", multiple=True, type=FrameworkName(("pytorch", "tensorflow", "jax")),
    help="Only this framework (repeatable).",
)  # fmt: skip
@click.option(
    "--device", "devices", multiple=True, metavar="NAME", help="Only this device: cpu or cuda:N (repeatable)."
)
@click.option(
    "--python", "pythons", multiple=True, metavar="FRAMEWORK=PATH", help="Interpreter of a framework (repeatable)."
)
@click.option("--bits", is_flag=True, help="Demand the same bits: exit with 1 for results within tolerance too.")
@click.option(
    "--settle/--no-settle", default=True, show_default=True,
    help="Where results moved, compute some again with one change put back at a time, to see which it is.",
)  # fmt: skip
@click.option(
    "--threads", type=click.IntRange(min=1), metavar="N", help="CPU threads per worker.  [default: as locked]"
)
@click.option(
    "--seed", "seeds", multiple=True, callback=several_seeds, metavar="N|N-M",
    help="Seed or range of seeds (repeatable).  [default: as locked]",
)  # fmt: skip
@click.option("--data", type=_FOLDER, metavar="DIR", help="Your own data.  [default: as locked]")
@click.option("--checks", "own", type=_FOLDER, metavar="DIR", help="Your own checks.")
@click.option("--jobs", type=click.IntRange(min=1), help="Number of parallel workers.  [default: cores / threads]")
@click.option(
    "--deadline", type=click.FloatRange(min=0.1), default=300.0, show_default=True, help="As for selftest, in seconds."
)
@click.option(
    "--signers", metavar="FILE", type=click.Path(path_type=Path),
    help="Demand that LOCK.sig is by one of these: a file of allowed signers, as ssh-keygen has it.",
)  # fmt: skip
@click.option(
    "--attestation", type=OUTPUT, metavar="FILE", help="Also write an in-toto statement of the answer, to be signed."
)
@click.option("--save", "saved", type=OUTPUT, metavar="FILE", help="Save the new proof as JSON.")
@as_json
@format_option
@reports_option
@preset_option
@schema_option(comparison_kind)
@click.pass_context
def verify(
    ctx: click.Context, /, *, file: Path, profile: str, names: tuple[str, ...], frameworks: tuple[str, ...],
    devices: tuple[str, ...], pythons: tuple[str, ...], bits: bool, settle: bool, threads: int | None,
    seeds: tuple[int, ...], data: Path | None, own: Path | None, jobs: int | None, deadline: float,
    signers: Path | None, attestation: Path | None, saved: Path | None, as_json: bool,
    form: str, reports: Path | None,
) -> None:  # fmt: skip
    """Compute again what LOCK holds, and say whether it is bit-identical, within tolerance, or drifted, and why.

    What changed since is named with the most likely cause first; what can be put back from outside is settled by
    running.

    Exit code: 0 the same bits, or within tolerance in another environment; 1 drifted; 3 something was not compared.
    """
    from gpusetup.evidence.again import Changes, Narrowed, narrowed  # --help needs none of it
    from gpusetup.evidence.attestation import of_verification
    from gpusetup.evidence.compare import exit_code
    from gpusetup.files import read
    from gpusetup.resolve.lock import MOST
    from gpusetup.selftest.frameworks import canonical
    from gpusetup.selftest.schedule import RunLimits
    from gpusetup.value import to_json

    form = one_format(form, as_json=as_json)
    to = Narrowed(names, tuple(map(canonical, frameworks)), devices)
    change = Changes(threads, seeds, str(data.resolve()) if data is not None else "")
    raw = read(file, "the lock", MOST)
    signed = _signed(file, raw, signers)
    held = narrowed(_locked(raw, file, profile), to)
    found = _verified(
        held, f"the lock {file}{signed}", change, pythons=pythons, own=own, jobs=jobs,
        limits=RunLimits(seconds=deadline), settle=settle, saved=saved,
    )  # fmt: skip
    if attestation is not None:
        deliver(to_json(of_verification(file.name, raw, held, found)), attestation)
    show_comparison(found, "gpusetup verify", form, reports, bits=bits)
    ctx.exit(exit_code(found, bits=bits))


def _verified(
    held: Evidence, name: str, change: Changes, *, pythons: tuple[str, ...],
    own: Path | None, jobs: int | None, limits: Any, settle: bool, saved: Path | None,
) -> Comparison:  # fmt: skip
    from msgspec.structs import replace

    from gpusetup.cli._signals import unwinding
    from gpusetup.errors import WrongInputError
    from gpusetup.evidence import again
    from gpusetup.evidence.compare import compare
    from gpusetup.evidence.installed import installed
    from gpusetup.evidence.made import evidence
    from gpusetup.evidence.pairs import pairs
    from gpusetup.evidence.settle import Bench
    from gpusetup.evidence.settle import settle as settled
    from gpusetup.report import progress
    from gpusetup.selftest import devices as hardware
    from gpusetup.selftest.prove import prove
    from gpusetup.selftest.registry import checks
    from gpusetup.value import to_json

    if not held.run:
        raise WrongInputError(f"{name} has no run of what --check, --framework and --device name")
    lost: list[str] = []
    here, known = again.at_hand(held, pythons, lost), checks(own)
    selection = again.selection(held, here, known, lambda: hardware.devices(()), change, lost)
    with unwinding(), progress.progress() as watch:
        workers = jobs or max(1, len(os.sched_getaffinity(0)) // selection.threads)
        proof = prove(selection, known, own_checks=own, jobs=workers, limits=limits, watch=watch)
        if saved is not None:
            deliver(to_json(proof, indent=0), saved)
        now = evidence(proof, known, installed(here) if held.installed else {})
        found = compare(held, now, (name, "this machine"), lost)
        if settle:
            found = settled(found, pairs(held, now), held, Bench(selection, known, own, limits, watch))
    if found.verdict == "drifted" and not found.causes:
        found = replace(found, notes=(*found.notes, *_altered(here, now)))
    wrong = [f"the self-test fails here: {one.check} in {one.framework}: {one.summary}"
             for one in proof.verdicts if one.state == "failed"]  # fmt: skip
    return replace(found, verdict="drifted", notes=(*found.notes, *wrong)) if wrong else found


def _altered(pythons: dict[str, str], now: Evidence) -> Iterator[str]:
    """Yield what explains other bits where nothing that is recorded has changed: files under the same version."""
    from gpusetup.evidence.installed import altered

    for python in dict.fromkeys(pythons[name] for name in now.installed):
        there = next(now.installed[name] for name in now.installed if pythons[name] == python)
        files = altered(python, there)
        if files:
            more = f" and {len(files) - 3} more" if len(files) > 3 else ""
            yield f"not what their wheels installed, under the same version: {', '.join(files[:3])}{more}"


def _signed(file: Path, raw: bytes, signers: Path | None) -> str:
    """Return who signed the lock, as an addition to its name; without `signers` nobody is asked for."""
    from gpusetup.evidence.signature import beside, signer

    if signers is not None:
        return f", signed by {signer(file, raw, signers)},"
    if beside(file).exists():
        notify(f"note: {beside(file)} was not checked: --signers FILE says whose signature counts")
    return ""


def _locked(raw: bytes, file: Path, profile: str) -> Evidence:
    """Return the proof of a lock, with the user's own files where they are now."""
    from msgspec.structs import replace

    from gpusetup.evidence.sides import chosen_proof
    from gpusetup.resolve import lock

    held = chosen_proof(lock.parse(raw, file, "`gpusetup lock` writes one"), profile, file)[1]
    folder = os.path.realpath(file.parent)
    if held.model:
        _require_own_model(held.model, folder)
    return replace(held, data=held.data and os.path.join(folder, held.data),
                   model=held.model and os.path.join(folder, held.model))  # fmt: skip


def _require_own_model(model: str, folder: str) -> None:
    """Raise unless the model that a lock names may be run: it is in the lock's folder, and the owner's alone."""
    from gpusetup.errors import RefusedError
    from gpusetup.selftest.own_model import read_model

    path = os.path.realpath(os.path.join(folder, model.rpartition(":")[0]))
    if not path.startswith(f"{folder}/"):
        remedy = "keep the lock in the project's folder, and lock again there"
        raise RefusedError(f"the lock names a model outside its folder, which is not run: {model}", remedy)
    read_model(os.path.join(folder, model))
