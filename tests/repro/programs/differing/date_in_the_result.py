"""Counts the seconds of the day into its result. Depends on: clock"""

from datetime import datetime

now = datetime.now()
open("offset.csv", "w").write(f"name,offset\nshift,{now.microsecond}\n")
