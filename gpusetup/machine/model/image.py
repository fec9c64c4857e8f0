"""A container image, as far as its configuration tells."""

from msgspec import field

from gpusetup.value import Value


class Image(Value):
    """What an image says of itself before anything in it runs; nothing of it was unpacked."""

    name: str
    architecture: str = ""
    """As ``uname -m`` names it, "" when it does not say."""
    labels: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    read_from: str = ""
    """The file, or the program that was asked."""
