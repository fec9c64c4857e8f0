"""A container image, as described by its configuration."""

from msgspec import field

from gpusetup.value import Value


class Image(Value):
    """An image's own description, read without unpacking or running anything."""

    name: str
    architecture: str = ""
    """As ``uname -m`` names it, "" when it does not say."""
    labels: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    read_from: str = ""
    """The file, or the program that was asked."""
