"""Compile checks/gru/names.tsv from the surnames in Faker's locales: ``python tools/compile_names.py``.

Locales in Latin script only, or with a romanised list of their own. At most 300 names per language, spread evenly over
the sorted list, so that no language drowns the others; a surname two languages share stays in both, as in life.
"""

from __future__ import annotations

import datetime
import importlib
import importlib.metadata
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "checks" / "gru" / "names.tsv"
AT_MOST = 300

# language → (locales, attribute of their person provider)
SOURCES = {
    "Akan": (("tw_GH",), "last_names"),
    "Chinese": (("zh_CN", "zh_TW"), "last_romanized_names"),
    "Croatian": (("hr_HR",), "last_names"),
    "Czech": (("cs_CZ",), "last_names"),
    "Dutch": (("nl_NL",), "last_names"),
    "English": (("en_GB",), "last_names"),
    "Estonian": (("et_EE",), "last_names"),
    "Finnish": (("fi_FI",), "last_names"),
    "French": (("fr_FR",), "last_names"),
    "German": (("de_DE",), "last_names"),
    "Hungarian": (("hu_HU",), "last_names"),
    "Irish": (("ga_IE",), "last_names"),
    "Italian": (("it_IT",), "last_names"),
    "Latvian": (("lv_LV",), "last_names"),
    "Portuguese": (("pt_BR", "pt_PT"), "last_names"),
    "Spanish": (("es_ES",), "last_names"),
    "Swedish": (("sv_SE",), "last_names"),
    "Zulu": (("zu_ZA",), "last_names"),
}


def compile_table(read_on: str) -> str:
    """Return the table as text: the same bytes for the same Faker and date."""
    sys.path.insert(0, str(ROOT))
    from checks.gru.names import fold  # needs the path above

    lines = [
        "# Surnames by language, in lower case and without marks: language, tab, name.",
        f"# Source: the person providers of Faker {importlib.metadata.version('faker')} (https://github.com/joke2k/faker),",
        "# Copyright (c) 2012 Daniele Faraglia, MIT licence. They are common names, no one's data.",
        f"# Compiled {read_on} by tools/compile_names.py: at most {AT_MOST} per language, spread over the sorted list.",
    ]
    for language, (locales, attribute) in sorted(SOURCES.items()):
        names = sorted({fold(name) for locale in locales for name in _surnames(locale, attribute)} - {""})
        kept = [names[place * len(names) // AT_MOST] for place in range(AT_MOST)] if len(names) > AT_MOST else names
        lines += [f"{language}\t{name}" for name in kept]
    return "\n".join(lines) + "\n"


def _surnames(locale: str, attribute: str) -> list[str]:
    provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
    return list(getattr(provider, attribute))


if __name__ == "__main__":
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    TABLE.write_text(compile_table(sys.argv[1] if len(sys.argv) > 1 else today), encoding="utf-8")
    print(f"wrote {TABLE.relative_to(ROOT)}")
