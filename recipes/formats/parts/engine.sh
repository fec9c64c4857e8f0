# ══ running the steps ══

journal=$state/journal.jsonl
told=""

note() { TZ=UTC printf '{"at":"%(%FT%TZ)T","recipe":"%s","step":"%s","event":"%s"}\n' -1 "$recipe" "$1" "$2" >>"$journal"; }

last_event() {
  [[ -e $journal ]] || return 0
  sed -n "s/.*\"step\":\"$1\",\"event\":\"\([a-z]*\)\".*/\1/p" "$journal" | tail -n 1
}

# door STEP DOOR: leaves the exit status in $status. Always called on a line by itself: behind if, && or || bash
# would ignore -e inside the step, and a failing command in the middle of it would go unseen.
#
# Between this shell and the step is another one (`holding`) that holds the lock until the step has ended, whatever becomes
# of this one; the step and what it starts do not hold it, so that no daemon keeps it. Where there is no terminal for a step
# to ask on, it has a process group of its own, to which signals are passed on at once; at a terminal Ctrl-C reaches it
# anyway, and other signals wait for its end.
door() {
  [[ -z $told ]] || interrupted "$1"
  set +e
  if [[ -t 0 ]]; then
    (holding "$1" "$2")
    status=$?
  else
    set -m
    (holding "$1" "$2") <&0 &
    worker=$!
    set +m
    while wait "$worker"; status=$?; kill -0 "$worker" 2>/dev/null; do :; done # a signal ends the waiting, not the step
    worker=""
  fi
  set -e
  [[ -z $told ]] || interrupted "$1"
}

holding() {
  trap : INT TERM HUP
  "step_${1//-/_}" "$2" 9>&-
  exit "$?"
}

# begin STEP DOOR: the first thing that a step does. A signal ends it when the command that runs has ended, and not before:
# else that one would go on alone.
begin() {
  local me=$BASHPID # in a substitution it would be that of the substitution
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP
  [[ $2 == check ]] || say "$me $(started_at "$me") $1" >"$state/lock"
}

# tell NAME: a signal that this shell was sent is passed on to the step.
tell() {
  told=$1
  [[ -z ${worker:-} ]] || kill -s "$1" -- "-$worker" 2>/dev/null || :
}

interrupted() {
  say "── interrupted (SIG$told) at the step $1, which has ended. Run the same command again to go on, or --undo." >&2
  trap - INT TERM HUP
  kill -s "$told" "$$"
  exit 1
}

# started_at PID: when that process was started, in ticks since the boot; "" when it is not there or has ended.
started_at() {
  local line words
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
  read -ra words <<<"${line##*) }"
  [[ ${words[0]} == [ZX] ]] || say "${words[19]}"
}

# still_at_work: the step that an earlier run has noted in the lock, where that run was killed and the step was not.
still_at_work() {
  local pid started step
  read -r pid started step <"$state/lock" || return 1
  [[ $pid =~ ^[0-9]+$ && $(started_at "$pid") == "$started" && -n $started ]] || return 1
  fail "the step $step of another run is still at work (process $pid): wait for its end" || :
}

need_root() {
  [[ $(id -u) == 0 || -n $root ]] || fail "this changes the system: run it with sudo"
  mkdir -p "${state%/*}"
  (umask 077 && mkdir -p "$state")
  only_roots "$state"
  chmod 700 "$state"
  exec 9>>"$state/lock"
  flock -n 9 || fail "another run is at work (it holds $state/lock)$(still_at_work 2>&1 | sed 's/^/: /')"
  if still_at_work; then exit 1; fi
  (umask 077 && : >>"$journal")
  chmod 600 "$journal" "$state/lock"
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
  if ((status > 128 && status < 193)); then # it stays begun, so that it is done again whatever its check says
    say "── the step $step was killed (signal $((status - 128))). Run the same command again to go on, or --undo." >&2
    exit 6
  fi
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
  [[ ! -e $state || -r $state ]] || fail "what earlier runs have noted is root's to read: run it with sudo"
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

for name in INT TERM HUP; do
  # shellcheck disable=SC2064 # this very name
  trap "tell $name" "$name"
done

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
