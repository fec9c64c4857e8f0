"""From a bare NVIDIA GPU to a deep-learning stack that is proven to work and to reproduce.

The public API, described in ``docs/api.md``, is what ``__all__`` lists. Each name is loaded when it is first used: the
command line needs none of them.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False  # type checkers take this name for True; the module typing would cost 10 ms
if TYPE_CHECKING:
    from gpusetup.api import AssumptionWarning as AssumptionWarning
    from gpusetup.api import detect as detect
    from gpusetup.api import examine as examine
    from gpusetup.api import load as load
    from gpusetup.api import plan as plan
    from gpusetup.api import prove as prove
    from gpusetup.api import to_json as to_json
    from gpusetup.determinism.audit import audit_switches as audit_switches
    from gpusetup.determinism.model import DeterminismWarning as DeterminismWarning
    from gpusetup.determinism.seeds import seed_everything as seed_everything
    from gpusetup.determinism.switching import deterministic as deterministic
    from gpusetup.doctor.finding import Finding as Finding
    from gpusetup.doctor.finding import Report as Report
    from gpusetup.errors import GpusetupError as GpusetupError
    from gpusetup.machine.model import Machine as Machine
    from gpusetup.machine.model import Unread as Unread
    from gpusetup.resolve.asked.request import Wanted
    from gpusetup.resolve.model import Stack as Stack
    from gpusetup.selftest.proof import Proof as Proof

_PUBLIC = {
    "AssumptionWarning": "api", "detect": "api", "examine": "api", "load": "api", "plan": "api", "prove": "api",
    "to_json": "api",
    "audit_switches": "determinism.audit", "deterministic": "determinism.switching",
    "seed_everything": "determinism.seeds", "DeterminismWarning": "determinism.model",
    "Finding": "doctor.finding", "Report": "doctor.finding",
    "GpusetupError": "errors",
    "Machine": "machine.model", "Unread": "machine.model",
    "Stack": "resolve.model",
    "Proof": "selftest.proof",
    "Wanted": "resolve.asked.request:Wanted",
}  # fmt: skip
"""Name → the module that has it, and what it is called there when that is another name."""
__all__ = ["AssumptionWarning", "Finding", "GpusetupError", "Machine", "Proof", "Report", "Stack", "Unread"]
__all__ += ["DeterminismWarning", "audit_switches", "deterministic", "seed_everything"]
__all__ += ["Wanted", "__version__", "detect", "examine", "load", "plan", "prove", "to_json"]


if not TYPE_CHECKING:  # else a type checker would accept any name

    def __getattr__(name: str) -> object:
        if name not in _PUBLIC:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module  # a program that only asks for the version needs none

        module, _, called = _PUBLIC[name].partition(":")
        value = globals()[name] = getattr(import_module(f"{__name__}.{module}"), called or name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
