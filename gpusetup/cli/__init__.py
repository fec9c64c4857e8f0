"""The command line: one module per command, imported only when that command runs."""

from __future__ import annotations

import os
import sys

from gpusetup.cli._plain import plain_options
from gpusetup.cli._streams import fill_gaps, is_output, let_go, notify
from gpusetup.errors import EXIT_FAULT, EXIT_INTERRUPTED, EXIT_UNREAD, GpusetupError, WrongInputError

# a command is the module of its name, with a function of that name; here is its one line for --help
COMMANDS = {
    "doctor": "Diagnose this machine's GPU stack: problems, evidence, remedies.",
    "detect": "Print all readings from this machine as JSON.",
    "plan": "Choose a compatible stack, and explain why.",
    "why": "Explain why a version is or is not possible, and what would allow it.",
    "install": "Print or apply the recipe that installs the stack.",
    "upgrade": "Say what the newest stack would change, rehearse it, and switch to it.",
    "container": "Print a Containerfile for the stack, or build and check the image.",
    "selftest": "Prove that the frameworks compute correct and reproducible results.",
    "repro": "Say whether a command gives the same results twice, and why not.",
    "lock": "Keep what this stack computes, beside the stack, in one file.",
    "verify": "Compute again what a lock holds: the same bits, within tolerance, or why not.",
    "compare": "Compare two proofs, locks or machines, offline.",
    "report": "Show saved results as one HTML page for people.",
    "fleet": "Compare many hosts by their saved reports: who differs, computes other bits or is slow.",
    "licences": "List the licences of a stack, this host or an image.",
    "facts": "List the compatibility facts, with sources and expiry.",
}


def main() -> int:
    """Run the command line and return its exit code; every error becomes one message on stderr."""
    fill_gaps()
    stdout = sys.stdout
    try:
        code = _run()
        sys.stdout.flush()
    except GpusetupError as error:
        code = _say(error.message, error.remedy, error.exit_code)
    except KeyboardInterrupt:
        code = _say("interrupted", "", EXIT_INTERRUPTED)
    except BrokenPipeError:
        code = _unread()
    except SystemExit:
        if sys.stdout is stdout:
            raise
        code = _unread()  # click caught the BrokenPipeError and replaced stdout
    except Exception as error:
        code = _ended(error)
    return code if isinstance(code, int) else 0


def _run() -> object:
    """Run the command, without the parser where there is nothing to parse, and return its exit code."""
    if (plain := plain_options(sys.argv[1:], os.environ)) is not None:
        from gpusetup.cli._diagnosis import diagnose_here

        return diagnose_here(**plain)
    from gpusetup.cli._root import root

    return root.main(standalone_mode=False, prog_name="gpusetup")


def _ended(error: Exception) -> int:
    """Return the code for what the parser raises in order to end a command, or for a fault of ours."""
    from click.exceptions import Abort, ClickException, Exit

    from gpusetup.cli._command import blame_variable
    from gpusetup.text import neutral

    if isinstance(error, Exit):
        return error.exit_code
    if isinstance(error, Abort):
        return _say("interrupted", "", EXIT_INTERRUPTED)
    if not isinstance(error, ClickException):
        return _fault(error)
    blame_variable(error)
    error.message = neutral(error.message)  # type: ignore[misc]  # it quotes what was typed
    error.show()
    return error.exit_code


def _unread() -> int:
    """Return the code for a closed pipe (`gpusetup … | head`), without a message: nothing reads it any more."""
    let_go()
    return EXIT_UNREAD


def _fault(error: Exception) -> int:
    if isinstance(error, OSError) and is_output(error):
        let_go()
        return _say(f"cannot write the output: {error.strerror}", "", WrongInputError.exit_code)
    if "GPUSETUP_DEBUG" in os.environ:
        raise error
    return _say(
        f"internal error: {type(error).__name__}: {error}",
        "please report this bug, with the output of the same command under GPUSETUP_DEBUG=1",
        EXIT_FAULT,
    )


def _say(message: str, remedy: str, code: int) -> int:
    notify(f"gpusetup: {message}", colour="red")
    if remedy:
        notify(f"          {remedy}")
    return code
