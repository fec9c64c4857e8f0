# ── virtual environments ──────────────────────────────────────────────────────────────────────────────────────────
# The owner of an environment can change everything in it, including its interpreter. So everything in it is done with the
# owner's rights (`python -m gpusetup.trust.owner`), and nothing at all where a third user could change it.

# in_environment PYTHON MODULE WORD…: run python -m MODULE WORD… after copying the environment as hard links, which take
# no space: pip replaces files and never writes into existing ones.
in_environment() {
  local folder=${1%/bin/*}
  [[ $1 == /*/bin/* && ${1##*/bin/} != */* && -f $folder/pyvenv.cfg ]] ||
    fail "$1 is not in a virtual environment; change the system's Python with its package manager"
  undo_by put_environment_back "$folder"
  as_its_owner python "$1" copy_environment "$folder" "$step"
  as_its_owner python "$1" run_module "$@"
}

put_environment_back() {
  [[ ! -d $1 ]] || as_its_owner folder "$1" restore_environment "$1" "$step"
}

# as_its_owner KIND PATH FUNCTION WORD…: run one of the functions below as the owner of the environment of PATH (an
# interpreter, or the folder), without root's terminal, variables and working directory. Signals are forwarded to it.
as_its_owner() {
  local child traps status=0
  "$python" -P -m gpusetup.trust.owner "$1" "$2" bash -c "
    set -euo pipefail
    $(declare -f copy_environment run_module restore_environment)
    \"\$@\"" gpusetup "${@:3}" </dev/null &
  child=$!
  traps=$(trap -p TERM INT HUP)
  # shellcheck disable=SC2064 # this child
  trap "kill -TERM -- -$child 2>/dev/null || kill -TERM $child" TERM INT HUP
  wait "$child" || status=$?
  trap - TERM INT HUP
  eval "$traps" # as bash quotes them
  return "$status"
}

run_module() { exec "$1" -I -m "${@:2}"; }

# copy_environment FOLDER STEP. Files of other users are copied: the kernel forbids hard links to them
# (fs.protected_hardlinks).
copy_environment() {
  local copy=$1/.gpusetup-$2.before
  [[ ! -e $copy ]] || return 0
  rm -rf "$copy.new"
  mkdir "$copy.new"
  find "$1" -mindepth 1 -maxdepth 1 ! -name '.gpusetup-*' -print0 |
    while IFS= read -r -d '' path; do
      cp -al "$path" "$copy.new/" 2>/dev/null || { rm -rf "$copy.new/${path##*/}" && cp -a "$path" "$copy.new/"; }
    done
  mv -T "$copy.new" "$copy"
}

# restore_environment FOLDER STEP: move the present content out and the copy in; an interrupted run can be continued.
restore_environment() {
  local mark=$1/.gpusetup-$2
  if [[ -e $mark.before ]]; then
    mkdir -p "$mark.gone"
    find "$1" -mindepth 1 -maxdepth 1 ! -name '.gpusetup-*' -exec mv -t "$mark.gone" {} +
    mv -T "$mark.before" "$mark.back"
  fi
  if [[ -e $mark.back ]]; then
    find "$mark.back" -mindepth 1 -maxdepth 1 -exec mv -t "$1" {} +
    rmdir "$mark.back"
  fi
  rm -rf "$mark.gone" "$mark.before.new"
}
