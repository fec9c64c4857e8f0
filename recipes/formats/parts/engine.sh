# ══ running the steps ══

journal=$state/journal.jsonl
received=""

note() { TZ=UTC printf '{"at":"%(%FT%TZ)T","recipe":"%s","step":"%s","event":"%s"}\n' -1 "$recipe" "$1" "$2" >>"$journal"; }

last_event() {
  [[ -e $journal ]] || return 0
  sed -n "s/.*\"step\":\"$1\",\"event\":\"\([a-z]*\)\".*/\1/p" "$journal" | tail -n 1
}

# run_phase STEP PHASE: sets $status to the exit status. Always call it on a line by itself: after if, && or || bash ignores
# -e inside the step, and a failing command in the middle of it would go unnoticed.
#
# Another shell between this one and the step (`holding`) holds the lock until the step has ended, even if this one is
# killed; the step and its children do not inherit the lock, so that no daemon keeps it. Without a terminal the step has its
# own process group, to which signals are forwarded at once; at a terminal Ctrl-C reaches it directly, and other signals wait
# for its end.
run_phase() {
  [[ -z $received ]] || interrupted "$1"
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
  [[ -z $received ]] || interrupted "$1"
}

holding() {
  trap : INT TERM HUP
  "step_${1//-/_}" "$2" 9>&-
  exit "$?"
}

# begin STEP PHASE: the start of every step. With these traps bash handles a signal only after the current command has
# ended, so that no command is left running alone.
begin() {
  local me=$BASHPID # BASHPID in $(…) would be the subshell's
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP
  [[ $2 == check ]] || say "$me $(started_at "$me") $1" >"$state/lock"
}

# forward NAME: pass a signal that this shell received on to the step.
forward() {
  received=$1
  [[ -z ${worker:-} ]] || kill -s "$1" -- "-$worker" 2>/dev/null || :
}

interrupted() {
  say "── interrupted (SIG$received) during the step $1, which has ended. Run the same command again to continue, or use --undo." >&2
  trap - INT TERM HUP
  kill -s "$received" "$$"
  exit 1
}

# started_at PID: start time of the process in ticks since boot (proc_pid_stat(5), field 22); "" if it does not exist or has
# ended. With the process id it identifies a process even if the id is reused.
started_at() {
  local line words
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
  read -ra words <<<"${line##*) }"
  [[ ${words[0]} == [ZX] ]] || say "${words[19]}"
}

# still_at_work: the step recorded in the lock, where the run that started it was killed and the step goes on.
still_at_work() {
  local pid started step
  read -r pid started step <"$state/lock" || return 1
  [[ $pid =~ ^[0-9]+$ && $(started_at "$pid") == "$started" && -n $started ]] || return 1
  fail "the step $step of another run is still running (process $pid): wait until it ends" || :
}

need_root() {
  [[ $(id -u) == 0 || -n $root ]] || fail "this changes the system: use sudo"
  mkdir -p "${state%/*}"
  (umask 077 && mkdir -p "$state")
  only_roots "$state"
  chmod 700 "$state"
  exec 9>>"$state/lock"
  flock -n 9 || fail "another run is in progress (it holds $state/lock)$(still_at_work 2>&1 | sed 's/^/: /')"
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
    run_phase "$step" check
    # A step that was killed is applied again even if its check passes, so that the data for undo is complete.
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
  run_phase "$step" apply
  if ((status > 128 && status < 193)); then # it stays "started", so that it is applied again even if its check passes
    say "── the step $step was killed (signal $((status - 128))). Run the same command again to continue, or use --undo." >&2
    exit 6
  fi
  if ((status == 0)); then run_phase "$step" check; else stop_at "$step" "failed (exit status $status)"; fi
  if ((status == 0)); then
    note "$step" applied
    [[ -z ${manual[$step]:-} ]] || say "   do this yourself: ${manual[$step]}"
  elif [[ -n ${reboot_after[$step]:-} ]]; then
    note "$step" waiting
    say "── reboot now, then run the same command again: it continues with the step $step"
    exit 7
  else
    stop_at "$step" "ran, but its check phase still fails"
  fi
}

stop_at() {
  note "$1" failed
  say "── the step $1 $2. The steps after it were not run. Fix the cause above and run the same command again," >&2
  say "   or undo everything with --undo." >&2
  exit 6
}

undo_steps() {
  local index step
  need_root
  for ((index = ${#steps[@]} - 1; index >= 0; index--)); do
    step=${steps[index]}
    case $(last_event "$step") in "" | undone) continue ;; esac
    say "── undoing $step"
    run_phase "$step" undo
    if ((status != 0)); then
      say "── undoing $step failed; fix the cause above and run --undo again" >&2
      exit 6
    fi
    note "$step" undone
  done
  say "── everything that this script did is undone"
}

show_steps() {
  local step left=0
  [[ ! -e $state || -r $state ]] || fail "only root can read the journal of earlier runs: use sudo"
  for step in "${steps[@]}"; do
    run_phase "$step" check
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

# The commands of one step, as bash parsed them.
show_apply() { declare -f "$1" | sed -n '/^        apply)/,/^        ;;/{ //d; s/^/    /; p; }'; }

for name in INT TERM HUP; do
  # shellcheck disable=SC2064 # expand $name now
  trap "forward $name" "$name"
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
