# ── virtual environments ──────────────────────────────────────────────────────────────────────────────────────────
# An environment is its owner's to change, its interpreter too: all that is done there is done with its owner's rights
# (`python -m gpusetup.trust.owner`), and nothing at all where a third could change it. What is known beforehand is its name.

# in_environment PYTHON MODULE WORD…: python -m MODULE WORD… Before, a copy of the whole environment is made inside it, of
# hard links, which take no room: pip replaces files and never writes into them.
in_environment() {
  local folder=${1%/bin/*}
  [[ $1 == /*/bin/* && ${1##*/bin/} != */* && -f $folder/pyvenv.cfg ]] ||
    fail "$1 is not of a virtual environment, and a system's own Python is left to its package manager"
  undo_by put_environment_back "$folder"
  as_its_owner python "$1" copy_environment "$folder" "$step"
  as_its_owner python "$1" run_module "$@"
}

put_environment_back() {
  [[ ! -d $1 ]] || as_its_owner folder "$1" restore_environment "$1" "$step"
}

# as_its_owner KIND PATH FUNCTION WORD…: one of the functions below, as the owner of the environment that PATH (an
# interpreter, or its folder) is in, without root's terminal, variables and folder. It is ended when we are.
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

# copy_environment FOLDER STEP. What another user has put there cannot be linked to, and is copied.
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

# restore_environment FOLDER STEP: what is there now goes out, then the copy comes in; a run that was ended goes on.
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
