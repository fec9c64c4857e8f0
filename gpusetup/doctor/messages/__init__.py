"""What the driver and the kernel say of an NVIDIA GPU in the kernel log, and what it means.

``judged.json`` is written by hand: rule id → name → what a message ``says`` (literal text, ``%`` where the driver puts
a value), what that ``means``, its ``cause``, its remedy (``fix``) and severity (``state``) where they differ from the
rule's, and a ``sample``. ``echo`` declares that the message reports the failure of something else: after an earlier
failure of the same GPU it is that one's consequence. ``device`` rows speak of any PCI device, and are taken for those
of NVIDIA alone; ``explains`` are the Xids that follow; ``general`` ones give way to any other. Where a format is the
kernel's, or of a driver whose source is not published, its source is named. ``formats.json``, ``breaks.json``,
``status.json`` and ``sxid.json`` are derived by ``tools/refresh_driver_messages.py``.

To add a message, add a row under its rule (`tools/count_driver_messages.py --left` lists what is not judged yet), then
run ``tests/doctor/test_doctor_messages.py``: it wants the sample found in every form of a log, and each text in the
driver's source. What healthy machines say as well is a row of ``ordinary.json``.
"""
