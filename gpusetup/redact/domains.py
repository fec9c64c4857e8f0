"""Which dotted words are host names, and which of those are public servers that identify no machine."""

from __future__ import annotations

GENERIC = frozenset((
    "com", "org", "net", "edu", "gov", "mil", "int", "info", "biz", "cloud", "local", "lan", "internal", "intern",
    "intranet", "intra", "corp", "home", "localdomain", "arpa", "private", "cluster", "test", "example",
    "invalid",
))  # fmt: skip
"""Last labels that make two words a host."""
COUNTRIES = frozenset((
    "ac", "ai", "ar", "at", "au", "be", "bg", "br", "ca", "ch", "cl", "cn", "co", "cz", "de", "dk", "ee", "es",
    "eu", "fi", "fr", "gr", "hk", "hr", "hu", "id", "ie", "il", "io", "ir", "is", "it", "jp", "kr", "lt", "lu",
    "lv", "me", "mx", "my", "nl", "no", "nz", "pl", "pt", "ro", "rs", "ru", "sa", "se", "sg", "si", "sk", "th",
    "tr", "tw", "ua", "uk", "us", "vn", "za",
))  # fmt: skip
"""Last labels that make three words a host; two could be a module of Python, or a file."""
PUBLIC = (
    "nvidia.com", "nvcr.io", "pytorch.org", "tensorflow.org", "keras.io", "jax.dev", "github.com", "github.io",
    "githubusercontent.com", "gitlab.com", "python.org", "readthedocs.io", "fedoraproject.org", "rpmfusion.org",
    "ubuntu.com", "launchpad.net", "debian.org", "redhat.com", "centos.org", "rockylinux.org", "almalinux.org",
    "opensuse.org", "suse.com", "archlinux.org", "kernel.org", "freedesktop.org", "gnu.org", "docker.com", "docker.io",
    "quay.io", "ghcr.io", "kubernetes.io", "k8s.io", "opencontainers.org", "conda.io", "anaconda.org", "anaconda.com",
    "conda-forge.org", "prometheus.io", "sourceware.org", "w3.org", "gpusetup.io",
)  # fmt: skip
"""Servers of software and its documentation, with all their subdomains."""
_FILES = frozenset((
    "py", "pyc", "so", "ko", "sh", "md", "gz", "xz", "bz2", "rs", "pl", "cu", "cc", "js", "la", "ps", "el", "am",
    "do", "po", "c", "h", "a", "o",
))  # fmt: skip


def is_public(host: str) -> bool:
    """Return whether `host` is one of the public servers."""
    low = host.lower().rstrip(".")
    return any(low == one or low.endswith(f".{one}") for one in PUBLIC)


def is_host(word: str) -> bool:
    """Return whether a dotted `word` is a host name, rather than a file, a module or a version."""
    labels = word.lower().rstrip(".").split(".")
    last = labels[-1]
    if len(labels) < 2 or not all(labels) or last in _FILES:
        return False
    named = any(label[:1].isalpha() for label in labels[:-1])
    return named and (last in GENERIC or (last in COUNTRIES and len(labels) > 2))
