"""Writes a moment in the local time zone. Depends on: timezone"""

from datetime import datetime

open("when.txt", "w").write(f"hour {datetime.fromtimestamp(1_700_000_000).hour} o'clock\n")
