"""Uses a set, and sorts it."""

import json

json.dump(sorted({"gamma", "alpha", "beta"}), open("names.json", "w"))
