"""The command line: one module per command, imported only when that command runs."""

from __future__ import annotations

import importlib
import os
import sys

import click

from gpusetup import __version__
from gpusetup.cli._command import PREFIX, Group, blame_variable, note_unknown_variables
from gpusetup.cli._streams import fill_gaps, is_output, let_go, notify
from gpusetup.errors import EXIT_FAULT, EXIT_INTERRUPTED, EXIT_UNREAD, GpusetupError, WrongInputError
from gpusetup.text import neutral

# a command is the module of its name, with a function of that name; here is its one line for --help
COMMANDS = {
    "doctor": "Diagnose this machine's GPU stack: problems, evidence, remedies.",
    "detect": "Print all readings from this machine as JSON.",
    "plan": "Choose a compatible stack, and explain why.",
    "why": "Explain why a version is or is not possible, and what would allow it.",
    "install": "Print or apply the recipe that installs the stack.",
    "container": "Print a Containerfile for the stack, or build and check the image.",
    "selftest": "Prove that the frameworks compute correct and reproducible results.",
    "licences": "List the licences of a stack, this host or an image.",
    "facts": "List the compatibility facts, with sources and expiry.",
}


class LazyGroup(Group):
    """A group whose commands are imported on demand, so that ``doctor`` does not load what ``install`` needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"gpusetup.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands from the table, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": PREFIX})
@click.version_option(__version__, package_name="gpusetup", prog_name="gpusetup")
def root() -> None:
    """Take an NVIDIA GPU from bare metal to a deep-learning stack that is proven correct and reproducible."""
    note_unknown_variables(COMMANDS)


def main() -> int:
    """Run the command line and return its exit code; every error becomes one message on stderr."""
    fill_gaps()
    stdout = sys.stdout
    try:
        code = root.main(standalone_mode=False, prog_name="gpusetup")
        sys.stdout.flush()
    except GpusetupError as error:
        code = _say(error.message, error.remedy, error.exit_code)
    except click.exceptions.Exit as error:
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = _say("interrupted", "", EXIT_INTERRUPTED)
    except click.ClickException as error:
        blame_variable(error)
        error.message = neutral(error.message)  # type: ignore[misc]  # it quotes what was typed
        error.show()
        code = error.exit_code
    except BrokenPipeError:
        code = _unread()
    except SystemExit:
        if sys.stdout is stdout:
            raise
        code = _unread()  # click caught the BrokenPipeError and replaced stdout
    except Exception as error:
        code = _fault(error)
    return code if isinstance(code, int) else 0


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
