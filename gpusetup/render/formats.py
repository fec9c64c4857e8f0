"""A `Recipe` as a file: one template in ``recipes/formats/`` for each format, named by it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from gpusetup import __version__
from gpusetup.content_dirs import content_dirs
from gpusetup.errors import RefusedError, WrongInputError
from gpusetup.facts import facts, systems
from gpusetup.render import environment
from gpusetup.render.marks import CLOSE, CODE, OPEN, stripped
from gpusetup.render.model import Recipe, Step
from gpusetup.render.quoting_check import check_data, check_shell
from gpusetup.resolve.components import TITLES

SHELL = (".sh.j2", ".ks.j2")
"""Endings of the templates whose text a shell reads."""


def formats() -> dict[str, str]:
    """Return the template of each format: ``cloud-init`` is ``cloud-init.yaml.j2``."""
    return {path.name.partition(".")[0]: path.name for path in sorted(_folder().glob("*.j2"))}


def render(recipe: Recipe, kind: str, made: str) -> str:
    """Return `recipe` in the format `kind`; `made` is the day it was made, for its header.

    Templates see the recipe, its stack, the titles of its components, ``script()`` (the recipe as one bash script,
    which other formats carry), the `family` of the distribution's packages, and ``file(name)``, the text of a file in
    ``recipes/formats/parts``.
    """
    known = formats()
    if kind not in known:
        raise WrongInputError(f"unknown format {kind!r}", f"known: {', '.join(known)}")
    if kind == "bundle" and recipe.stack is not None and recipe.stack.request.variant:
        raise RefusedError(
            "a bundle contains packages for the package manager, but this recipe is for an image-based system",
            "transfer images instead: podman save and load, or your own registry",
        )
    if kind == "bundle" and (built := _built(recipe)):
        raise RefusedError(
            f"a bundle has wheels alone, and there is none of {', '.join(built)}",
            "leave it out, or build its wheel and give the index that has it with -r",
        )
    _require_words(recipe, kind)
    template = environment.get(environment.scripts([_folder()]), known[kind])
    with environment.template_faults(known[kind]):
        text = template.render(
            recipe=recipe,
            stack=recipe.stack,
            made=made,
            version=__version__,
            titles=TITLES,
            family=next((row.family for row in facts().distribution if row.name == recipe.distro), "rpm"),
            script=lambda: render(recipe, "bash", made),
            file=lambda name: (_folder() / "parts" / name).read_text(),
            modules_of=_modules_of(recipe) if kind == "ansible" else None,
        )
        if known[kind].endswith(".ks.j2"):
            _keep_sections(text)
        return check_shell(text) if known[kind].endswith(SHELL) else check_data(text)


def _require_words(recipe: Recipe, kind: str) -> None:
    """Refuse a format in the words of a package manager that is not the one of the recipe's distribution.

    What some distribution has such words for, no other has without saying so.
    """
    rows = facts().distribution
    name = systems.base(facts(), recipe.distro)
    own = next((row.formats for row in rows if row.name == name), ())
    if recipe.stack is not None and kind not in own and any(kind in row.formats for row in rows):
        raise RefusedError(
            f"the format {kind} is not written for {recipe.stack.distro_name} yet",
            "bash and cloud-init are",
        )


def _built(recipe: Recipe) -> list[str]:
    environments = recipe.stack.environments if recipe.stack else ()
    return [built.name for one in environments for built in one.built]


def _modules_of(recipe: Recipe) -> Callable[[Step], str]:
    """Return what names a step's template of tasks, "" for none: only a built-in step can have one, not the user's own.

    The tasks of a step lie in the folder that has the name of the step's own.
    """
    from gpusetup.render.steps import lookup  # it is needed by this format alone
    from gpusetup.render.steps import recipe as built_in

    known = built_in(recipe.stack).steps if recipe.stack else ()
    kinds = lookup(recipe.distro, recipe.stack.request.variant if recipe.stack else "")

    def modules_of(step: Step) -> str:
        owner = next((one for one in kinds if any((_folder().parent / one).glob(f"??-{step.id}.sh.j2"))), "")
        name = f"ansible/{owner}/{step.id}.yml.j2"
        return name if step in known and (_folder() / name).is_file() else ""

    return modules_of


def _keep_sections(text: str) -> None:
    """Refuse a kickstart whose script has a line that begins with a percent sign, which may end its section.

    Source: pykickstart, "Kickstart Syntax Reference": a section ends at a line ``%end``, whatever its body means to a
    shell.
    """
    own = re.sub(f"{OPEN}{CODE}[^{CLOSE}]*{CLOSE}", "", text)
    # a "%" line of the format itself is a section; any more come from the recipe
    if len(re.findall(r"(?m)^%", stripped(text))) != len(re.findall(r"(?m)^%", own)):
        raise WrongInputError(
            "a line of the recipe begins with %, which may end a section of a kickstart", "indent that line"
        )


def _folder() -> Path:
    return content_dirs("recipes")[0] / "formats"
