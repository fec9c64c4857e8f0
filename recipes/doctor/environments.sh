# ── virtual environments ──────────────────────────────────────────────────────────────────────────────────────────

# in_environment PYTHON MODULE WORD…: python -m MODULE WORD…, as the environment's owner. Before, a copy of the whole
# environment is made of hard links, which takes no room: pip replaces files and never writes into them.
in_environment() {
  local folder copy
  folder=$("$1" -c 'import sys; print(sys.prefix if sys.prefix != sys.base_prefix else "")')
  [[ -n $folder ]] || fail "$1 is not of a virtual environment, and a system's own Python is left to its package manager"
  copy=$folder.before-$step
  if [[ ! -e $copy ]]; then
    rm -rf "$copy.new"
    cp -al "$folder" "$copy.new"
    mv -T "$copy.new" "$copy"
  fi
  undo_by put_environment_back "$folder" "$copy"
  as_owner_of "$folder" "$1" -m "${@:2}"
}

as_owner_of() {
  local user home
  user=$(stat -c %U "$1")
  if [[ $(id -u) != 0 || $user == root ]]; then
    "${@:2}"
  else
    home=$(getent passwd "$user" | cut -d: -f6)
    (cd / && runuser -u "$user" -- env HOME="$home" "${@:2}")
  fi
}

put_environment_back() {
  if [[ -e $2 ]]; then
    [[ ! -e $1 ]] || mv -T "$1" "$1.gone-$step"
    mv -T "$2" "$1"
  fi
  rm -rf "$1.gone-$step"
}
