# Shell functions for the doctor's remedies, whose commands are the same as those printed for the user.
#
# Each step sets `step` to its id, `rule` to the rule with the finding, `python` to the interpreter that has gpusetup,
# `asked` to further options of that rule (--deep), and `person` to the user in whose login it was found, "" for the
# current session.

# The check phase of each step: run the rule again; it must be able to check, and find nothing. If its subject no longer
# exists (exit code 3, and no unknown finding), the problem is fixed as well.
found_nothing() {
  local said
  said=$(as_person "$python" -P -m gpusetup doctor --sysroot "${root:-/}" --only "$rule" "${asked[@]}" \
    --fail-on info --json) || [[ $? == 3 ]] || return
  [[ $said != *'"state": "unknown"'* ]]
}

# as_person COMMAND…: run COMMAND in a new login of the user, so that new groups and changed profiles apply. Time and
# output are limited, since a profile may wait for input or print without end.
as_person() {
  if [[ -z $person ]]; then
    "$@"
  else
    timeout --foreground --kill-after=5 300 runuser -l "$person" -s /bin/bash -c "$(printf '%q ' "$@")" | head -c 8M
  fi
}

# Remedies are applied as root already.
sudo() { "$@"; }
