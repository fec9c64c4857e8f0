"""What the driver and the kernel say of an NVIDIA GPU in the kernel log, and what it means.

``judged.json`` is written by hand: rule id → name → what a message ``says`` (literal text, ``%`` where the driver puts
a value), what that ``means``, its ``cause``, its remedy (``fix``) and severity (``state``) where they differ from the
rule's, and a ``sample``. ``echo`` declares that the message reports the failure of something else: after an earlier
failure of the same GPU it is that one's consequence. ``device`` rows speak of any PCI device, and are taken for those
of NVIDIA alone. Where a format is the kernel's, or of a driver whose source is not published, its source is named.
``formats.json``, ``breaks.json``, ``status.json``, ``sxid.json`` are derived by ``tools/refresh_driver_messages.py``.
"""
