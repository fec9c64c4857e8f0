"""The Containerfile of the self-test image for another image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.content_dirs import content_dirs
from gpusetup.render import environment
from gpusetup.render.quoting_check import check_shell

if TYPE_CHECKING:
    from gpusetup.render.container.model import Container
    from gpusetup.resolve.model import Archive

TEMPLATE = "proof.Containerfile.j2"


def proof(container: Container, image: str, wheel: Archive) -> str:
    """Return the Containerfile that adds gpusetup, from `wheel`, to the `image` built from `container`."""
    template = environment.get(environment.scripts(content_dirs("containers")), TEMPLATE)
    with environment.template_faults(TEMPLATE):
        return check_shell(template.render(stack=container.stack, image=image, wheel=wheel), instructions=True)
