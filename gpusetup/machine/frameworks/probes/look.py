"""One look at a framework, step by step, telling each answer at once.

A probe answers ``version``, ``location``, ``cuda`` (that it was built for), ``gpus`` (their names), ``devices`` (to
compute on), and computes ``elementwise``, ``matmul`` and ``convolution`` on a device; `EXPECTED` of
``gpusetup/machine/frameworks/ask.py`` says what comes out.
"""

from __future__ import annotations

import importlib
import json
import os
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

KERNELS = ("elementwise", "matmul", "convolution")


class Look:
    """Asks a probe and writes what it answers to `pipe`; what a step raises is its answer."""

    def __init__(self, pipe: int) -> None:
        self.pipe = pipe

    def at(self, load: Callable[[], Any]) -> None:
        """Ask everything of the probe that `load` imports together with its framework."""
        probe = self.step("import", load)
        if probe is None:
            self.read("version", self.refusal)
        else:
            self._loaded()  # before a kernel may crash; what comes later is told again
            self._ask(probe)
        self._loaded()
        self.tell("done")

    def _loaded(self) -> None:
        loaded = importlib.import_module("gpusetup_probes.loaded")
        self.field("libraries", loaded.libraries)
        self.field("loaded", loaded.versions)

    def _ask(self, probe: Any) -> None:
        for name in ("version", "location", "cuda", "gpus"):
            self.field(name, getattr(probe, name))
        devices = self.step("devices", probe.devices)
        if devices is None:
            devices = ["cpu"]
            self.read("gpus", self.refusal)
        self.read("devices", devices)
        for device in devices:
            for kernel in KERNELS:
                answer = self.step(f"{kernel} on {device}", partial(_number, getattr(probe, kernel), device))
                self.tell("read", "answer", device, kernel, self.refusal if answer is None else answer)

    def field(self, name: str, ask: Callable[[], Any]) -> None:
        """Tell what `ask` answers as the field `name`."""
        answer = self.step(name, ask)
        self.read(name, self.refusal if answer is None else answer)

    def step(self, name: str, ask: Callable[[], Any]) -> Any:
        """Return what `ask` returns; None, and the reason in `refusal`, when it raises."""
        self.tell("call", name)
        try:
            return ask()
        except BaseException as error:  # an import may even raise SystemExit
            said = " ".join(str(error).split())[:700]
            self.refusal = {"unread": "failed", "source": name, "detail": f"{type(error).__name__}: {said}"}
            return None

    def read(self, field: str, value: Any) -> None:
        self.tell("read", field, value)

    def tell(self, *line: Any) -> None:
        """Write one whole line."""
        text = json.dumps(line).encode() + b"\n"
        while text:
            text = text[os.write(self.pipe, text) :]


def _number(compute: Callable[[str], Any], device: str) -> float:
    return float(compute(device))
