"""The command line: one module per command, loaded only when it is asked for."""

from __future__ import annotations

import importlib
import os
import sys

import click

from gpusetup import __version__
from gpusetup.cli._command import PREFIX, Group, blame_variable, tell_strange_variables
from gpusetup.cli._streams import fill_gaps, is_output, let_go, tell
from gpusetup.errors import EXIT_FAULT, EXIT_INTERRUPTED, EXIT_UNREAD, GpusetupError, WrongInputError
from gpusetup.text import neutral

# a command is the module of its name, with a function of that name; here is its one line for --help
COMMANDS = {
    "doctor": "Say what is wrong with this GPU stack, how we know, and what fixes it.",
    "detect": "Print everything read from this machine, as JSON.",
    "plan": "Choose the stack that fits, and say why.",
    "why": "Say why a version is or is not possible, and what would allow it.",
    "install": "Print, or run, the recipe that installs the stack.",
    "container": "Print the recipe of an image that holds the stack.",
    "selftest": "Prove that the frameworks compute the right numbers, the same ones twice.",
    "licences": "Say what is free software and may be passed on: in a stack, on this host, in an image.",
    "facts": "List the compatibility facts, with sources and expiry.",
}


class LazyGroup(Group):
    """A group whose commands are imported on demand, so that ``doctor`` never pays for ``install``."""

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
    """Get an NVIDIA GPU from bare metal to a deep-learning stack that is proven to work and to reproduce."""
    tell_strange_variables(COMMANDS)


def main() -> int:
    """Run the command line and return its exit code; every error becomes one clear message on stderr."""
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
        error.message = neutral(error.message)  # type: ignore[misc]  # what it quotes is whatever was typed
        error.show()
        code = error.exit_code
    except BrokenPipeError:
        code = _unread()
    except SystemExit:
        if sys.stdout is stdout:
            raise
        code = _unread()  # click has seen it first, and put something else in the place of stdout
    except Exception as error:
        code = _fault(error)
    return code if isinstance(code, int) else 0


def _unread() -> int:
    """Return the code for a reader that has left (`gpusetup … | head`): there is nothing to say, and to nobody."""
    let_go()
    return EXIT_UNREAD


def _fault(error: Exception) -> int:
    if isinstance(error, OSError) and is_output(error):
        let_go()
        return _say(f"the output cannot be written: {error.strerror}", "", WrongInputError.exit_code)
    if "GPUSETUP_DEBUG" in os.environ:
        raise error
    return _say(
        f"a fault of gpusetup itself: {type(error).__name__}: {error}",
        "please report it, with the output of the same command under GPUSETUP_DEBUG=1",
        EXIT_FAULT,
    )


def _say(message: str, remedy: str, code: int) -> int:
    tell(f"gpusetup: {message}", colour="red")
    if remedy:
        tell(f"          {remedy}")
    return code
