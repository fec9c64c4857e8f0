# Shell functions for the doctor's remedies, whose commands are those that it prints for a person to type.
#
# Each step sets `step` to its id, `rule` to the rule that found something, `python` to the interpreter that has
# gpusetup, `asked` to what else that rule needs (--deep), and `person` to whose login it was found in, "" where it was
# found in this very session.

# The check of each step: the rule that found something is asked again, can look, and finds nothing. Where nothing is
# left that it speaks of (exit code 3, and no unknown finding), it is mended too.
found_nothing() {
  local said
  said=$(as_person "$python" -P -m gpusetup doctor --sysroot "${root:-/}" --only "$rule" "${asked[@]}" \
    --fail-on info --json) || [[ $? == 3 ]] || return
  [[ $said != *'"state": "unknown"'* ]]
}

# as_person COMMAND…: in a new login of the person, where new groups and changed profiles count. What a profile prints or
# waits for is bounded.
as_person() {
  if [[ -z $person ]]; then
    "$@"
  else
    timeout --foreground --kill-after=5 300 runuser -l "$person" -s /bin/bash -c "$(printf '%q ' "$@")" | head -c 8M
  fi
}

# Whoever carries a remedy out is root already.
sudo() { "$@"; }
