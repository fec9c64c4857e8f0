# ══ running the steps ══

journal=$state/journal.jsonl

note() { TZ=UTC printf '{"at":"%(%FT%TZ)T","recipe":"%s","step":"%s","event":"%s"}\n' -1 "$recipe" "$1" "$2" >>"$journal"; }

last_event() {
  [[ -e $journal ]] || return 0
  sed -n "s/.*\"step\":\"$1\",\"event\":\"\([a-z]*\)\".*/\1/p" "$journal" | tail -n 1
}

# door STEP DOOR: leaves the exit status in $status. Always called on a line by itself: behind if, && or || bash
# would ignore -e inside the step, and a failing command in the middle of it would go unseen.
door() {
  set +e
  "step_${1//-/_}" "$2" 9>&- # nothing that a step starts may hold the lock
  status=$?
  set -e
}

need_root() {
  [[ $(id -u) == 0 || -n $root ]] || fail "this changes the system: run it with sudo"
  mkdir -p "$state"
  exec 9>"$state/lock"
  flock -n 9 || fail "another run is at work (it holds $state/lock)"
}

apply_steps() {
  local step from=$1
  need_root
  for step in "${steps[@]}"; do
    if [[ -n $from && $step != "$from" ]]; then continue; fi
    from=""
    say "── $step: ${title[$step]}"
    door "$step" check
    # A step that was killed is applied again whatever its check says, so that what undo needs is complete.
    if ((status == 0)) && [[ $(last_event "$step") != started ]]; then
      say "   nothing to do"
      case $(last_event "$step") in failed | waiting) note "$step" applied ;; esac
      continue
    fi
    apply_step "$step"
  done
  say "── all steps are done"
}

apply_step() {
  local step=$1
  note "$step" started
  door "$step" apply
  if ((status == 0)); then door "$step" check; else stop_at "$step" "failed (exit status $status)"; fi
  if ((status == 0)); then
    note "$step" applied
    [[ -z ${manual[$step]:-} ]] || say "   only you can do this: ${manual[$step]}"
  elif [[ -n ${reboot_after[$step]:-} ]]; then
    note "$step" waiting
    say "── reboot now, then run the same command again: it goes on with the step $step"
    exit 7
  else
    stop_at "$step" "ran, but its check says that it is not done"
  fi
}

stop_at() {
  note "$1" failed
  say "── the step $1 $2. Nothing after it was tried. Mend the cause above and run the same command again," >&2
  say "   or take everything back with --undo." >&2
  exit 6
}

undo_steps() {
  local index step
  need_root
  for ((index = ${#steps[@]} - 1; index >= 0; index--)); do
    step=${steps[index]}
    case $(last_event "$step") in "" | undone) continue ;; esac
    say "── taking back $step"
    door "$step" undo
    if ((status != 0)); then
      say "── taking back $step failed; mend the cause above and run --undo again" >&2
      exit 6
    fi
    note "$step" undone
  done
  say "── what this script did is taken back"
}

show_steps() {
  local step left=0
  for step in "${steps[@]}"; do
    door "$step" check
    if ((status == 0)); then
      say "done   $step: ${title[$step]}"
      continue
    fi
    left=1
    say "to do  $step: ${title[$step]}"
    [[ $1 == check ]] || show_apply "step_${step//-/_}"
  done
  [[ $1 != check ]] || exit "$left"
}

# The commands of one step, as bash understood them.
show_apply() { declare -f "$1" | sed -n '/^        apply)/,/^        ;;/{ //d; s/^/    /; p; }'; }

case ${1:-} in
  "") apply_steps "" ;;
  --from) [[ " ${steps[*]} " == *" ${2:-} "* && -n ${2:-} ]] || { fail "--from needs one of: ${steps[*]}" || exit 2; }
    apply_steps "$2" ;;
  --check) show_steps check ;;
  --dry-run) show_steps dry-run ;;
  --undo) undo_steps ;;
  *) sed -n '2,/^set -euo/s/^# \{0,1\}//p' "$0"
    [[ ${1:-} == --help || ${1:-} == -h ]] || exit 2 ;;
esac
