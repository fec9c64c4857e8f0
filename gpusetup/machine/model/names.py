"""`HostNames`: the names of a host and its users, for redaction; never part of a `Machine`."""

from gpusetup.value import Value


class HostNames(Value):
    """Users as they are written, hosts and domains in any case."""

    users: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    """Of the users the one who asks: taken out also where the name is a word of ours."""
    hosts: tuple[str, ...] = ()
