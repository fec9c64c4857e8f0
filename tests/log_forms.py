"""The forms in which one kernel message is kept, as the programs write them; host-17 is the name of the machine."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable

Form = Callable[[str], str]

FORMS: dict[str, Form] = {
    "dmesg": lambda text: f"[  100.000000] {text}",
    "dmesg-T": lambda text: f"[Mon Nov 30 04:00:00 2026] {text}",
    "dmesg-e": lambda text: f"[Nov30 04:00] {text}",
    "dmesg-e-later": lambda text: f"[  +0.009910] {text}",
    "dmesg-d": lambda text: f"[  100.000000 <    0.000001>] {text}",
    "dmesg-t": lambda text: text,
    "dmesg-x": lambda text: f"kern  :err   : [  100.000000] {text}",
    "dmesg-x-T": lambda text: f"kern  :warn  : [Mon Nov 30 04:00:00 2026] {text}",
    "dmesg-r": lambda text: f"<3>[  100.000000] {text}",
    "dmesg-color": lambda text: f"\x1b[32m[  100.000000] \x1b[0m\x1b[33m{text[:5]}\x1b[0m{text[5:]}",
    "dmesg-caller": lambda text: f"[  100.000000][  T812] {text}",
    "kmsg": lambda text: f"3,1234,100000000,-;{text}",
    "kmsg-caller": lambda text: f"3,1234,100000000,-,caller=T812;{text}",
    "console": lambda text: f"<3>{text}",
    "syslog": lambda text: f"Nov 30 04:00:00 host-17 kernel: [  100.000000] {text}",
    "syslog-untimed": lambda text: f"Nov  3 04:00:00 host-17 kernel: {text}",
    "syslog-iso": lambda text: f"2026-11-30T04:00:00.123456+00:00 host-17 kernel: {text}",
    "rfc5424": lambda text: f"<3>1 2026-11-30T04:00:00.123Z host-17 kernel - - - {text}",
    "rfc5424-data": lambda text: f'<3>1 2026-11-30T04:00:00Z host-17 kernel - - [meta sequenceId="1"] {text}',
    "journal-short": lambda text: f"Nov 30 04:00:00 host-17 kernel: {text}",
    "journal-iso": lambda text: f"2026-11-30T04:00:00+0000 host-17 kernel: {text}",
    "journal-precise": lambda text: f"Nov 30 04:00:00.123456 host-17 kernel: {text}",
    "journal-monotonic": lambda text: f"[  100.000000] host-17 kernel: {text}",
    "journal-json": lambda text: json.dumps(
        {"_HOSTNAME": "host-17", "__MONOTONIC_TIMESTAMP": "100000000", "_TRANSPORT": "kernel", "MESSAGE": text}
    ),
    "journal-export": lambda text: f"MESSAGE={text}",
    "quoted": lambda text: f"kernel: {text}",
}
WHOLE: dict[str, Callable[[str], bytes]] = {
    "as it is": str.encode,
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "UTF-16": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "UTF-8 with a mark": lambda text: codecs.BOM_UTF8 + text.encode(),
}
