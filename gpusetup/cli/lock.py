"""``gpusetup lock``: keep what this stack computes, beside the stack, in one file."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gpusetup.cli._command import Command
from gpusetup.cli._deliver import deliver
from gpusetup.cli._output import OUTPUT
from gpusetup.cli._streams import notify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gpusetup.evidence.model import Evidence, Installed
    from gpusetup.resolve.lock import Lock
    from gpusetup.selftest.proof import Proof
    from gpusetup.selftest.registry import Check

FILE = "gpusetup.lock"


@click.command(cls=Command, context_settings={"ignore_unknown_options": True})
@click.argument("options", metavar="[OPTIONS OF SELFTEST]…", nargs=-1, type=click.UNPROCESSED)
@click.option("--output", "-o", type=OUTPUT, metavar="FILE", default=FILE, show_default=True, help="The lock to write.")
@click.option("--from", "proof", metavar="PROOF", help="Take a proof that `gpusetup selftest --save` wrote.")
@click.option(
    "--profile", default="", metavar="NAME", help="Name of the proof in the lock.  [default: that of its only profile]"
)
@click.option("--sign", "key", metavar="KEY", help="Sign the lock with this SSH key, into FILE.sig.")
@click.option(
    "--attestation", type=OUTPUT, metavar="FILE", help="Also write an in-toto statement about the lock, to be signed."
)
@click.pass_context
def lock(
    ctx: click.Context, /, *, options: tuple[str, ...], output: Path, proof: str | None, profile: str,
    key: str | None, attestation: Path | None,
) -> None:  # fmt: skip
    """Run the self-test, and keep in a lock what it computed: hashes, trajectories, tolerances, environment.

    Takes the options of `gpusetup selftest`, such as --check, --seed 0-4 and --full. Stacks that the lock has stay in
    it. The same runs in the same environment write the same bytes. `gpusetup verify` computes it again.

    Exit code: 0 locked, 1 a verdict failed and nothing is written, 3 locked except for what was not compared.
    """
    from gpusetup.errors import EXIT_PROBLEMS  # --help needs none of it
    from gpusetup.evidence.attestation import of_lock
    from gpusetup.evidence.codec import to_table
    from gpusetup.evidence.made import evidence
    from gpusetup.evidence.signature import sign
    from gpusetup.files import STDIO
    from gpusetup.resolve import lock as locks
    from gpusetup.value import to_json

    if key is not None and str(output) == STDIO:
        raise click.UsageError("--sign writes a file beside the lock: name one with --output")
    held = locks.load(output, locks.WRITING) if str(output) != STDIO and output.exists() else None
    found, pythons, own, code = _saved(proof, options) if proof is not None else _proven(ctx, options)
    if found.failed:
        notify("gpusetup: nothing was locked: the self-test fails, and a lock would keep wrong results", colour="red")
        ctx.exit(EXIT_PROBLEMS)
    made = _beside(evidence(found, _unchanged(found, own), _beside_frameworks(found, pythons)), output)
    name = profile or _name(held, made)
    text = locks.dump(locks.with_proof(held, name, to_table(made)))
    deliver(text, output)
    if attestation is not None:
        deliver(to_json(of_lock(output.name, text.encode(), made)), attestation)
    if key is not None:
        notify(f"saved {sign(output, text.encode(), Path(key))}")
    if code:
        ctx.exit(code)


def _saved(path: str, options: tuple[str, ...]) -> tuple[Proof, tuple[str, ...] | None, Path | None, int]:
    """Return a saved proof; what is installed where it was made is not known here."""
    from gpusetup.selftest.proof import Proof
    from gpusetup.value import load

    if options:
        raise click.UsageError(f"--from takes a saved proof, and runs nothing: remove {options[0]}")
    found = load(Path(path), Proof)
    return found, None, None, 0 if found.failed else found.concluded().exit_code


def _proven(ctx: click.Context, options: tuple[str, ...]) -> tuple[Proof, tuple[str, ...] | None, Path | None, int]:
    """Run the self-test with its own command, whose report goes to stderr, and return its proof."""
    from gpusetup.cli.selftest import selftest
    from gpusetup.errors import EXIT_FINE, EXIT_PROBLEMS, CannotLookError
    from gpusetup.selftest.proof import Proof
    from gpusetup.value import load

    with tempfile.TemporaryDirectory(prefix="gpusetup-lock-") as scratch, contextlib.redirect_stdout(sys.stderr):
        file = Path(scratch, "proof.json")
        inner = selftest.make_context("selftest", ["--save", str(file), *options], parent=ctx.parent)
        code = EXIT_FINE
        try:
            selftest.invoke(inner)
        except click.exceptions.Exit as ended:
            code = ended.exit_code
        if code not in {EXIT_FINE, EXIT_PROBLEMS, CannotLookError.exit_code} or not file.exists():
            ctx.exit(code)
        own: Path | None = inner.params["own"]
        return load(file, Proof), inner.params["pythons"], own, code


def _unchanged(found: Proof, own: Path | None) -> Mapping[str, Check]:
    """Return the checks whose source is that of the proof: only their tolerances belong to it."""
    from gpusetup.selftest.own_model import identify
    from gpusetup.selftest.registry import checks

    known = checks(own)
    same = {
        name: known[name]
        for name, source in found.checks.items()
        if name in known and source.startswith(identify(known[name], ""))
    }
    for name in sorted(found.checks.keys() - same.keys()):
        notify(f"note: the check {name} here is not that of the proof: without its tolerances only bits are compared")
    return same


def _beside_frameworks(found: Proof, pythons: tuple[str, ...] | None) -> dict[str, Installed]:
    if pythons is None:
        return {}
    from gpusetup.evidence.installed import installed
    from gpusetup.selftest.frameworks import interpreters, parse

    ran = {run.job.framework for run in found.runs}
    return installed({name: path for name, path in interpreters((), parse(pythons)).items() if name in ran})


def _beside(made: Evidence, output: Path) -> Evidence:
    """Return the evidence with the user's own files named from the lock's folder, where they are below it."""
    from msgspec.structs import replace

    def near(path: str) -> str:
        folder = os.path.realpath(output.parent)
        inside = path.startswith(f"{folder}/")
        return os.path.relpath(path, folder) if inside else path

    return replace(made, data=near(made.data), model=near(made.model))


def _name(held: Lock | None, made: Evidence) -> str:
    """Return the name of the lock's only profile or proof, else that of the GPU, else ``cpu``."""
    known = {*held.profile, *held.proof} if held is not None else set()
    if len(known) == 1:
        return next(iter(known))
    if len(known) > 1:
        raise click.UsageError(f"the lock has several profiles: add --profile, one of {', '.join(sorted(known))}")
    gpus = sorted({one["gpu"] for one in made.environment.values() if "gpu" in one})
    return re.sub(r"[^a-z0-9]+", "-", " ".join(gpus).lower()).strip("-") or "cpu"
