# Shell functions that every step may call. Nothing here changes anything but through the caller's arguments.
#
# GPUSETUP_ROOT puts another folder in front of every path that is read or written (tests, image roots).
# GPUSETUP_BUNDLE is a folder made by the bundle script: then nothing is taken from the network.
# What is needed to take a step back is kept in $state, as STEP.before, STEP.after (package names) and STEP.files/.

shopt -s inherit_errexit
root=${GPUSETUP_ROOT:-}
bundle=${GPUSETUP_BUNDLE:-}
state=$root/var/lib/gpusetup
export PYTHONSAFEPATH=1 # no Python that is started here takes modules from the folder we happen to be in

say() { printf '%s\n' "$*"; }

fail() {
  printf '%s\n' "$*" >&2
  return 1
}

# ── files ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# keep PATH: writes stdin there in one move, so that nobody ever reads half of it.
keep() {
  mkdir -p "$(dirname "$1")"
  cat >"$1.new"
  mv -f "$1.new" "$1"
}

# put_aside STEP PATH: a copy of what is at PATH before the step, for undo; once, however often the step is tried.
put_aside() {
  local path=$2 aside=$state/$1.files$2
  [[ ! -e $aside && ! -e $aside.absent ]] || return 0
  mkdir -p "$(dirname "$aside")"
  if [[ -e $root$path ]]; then
    cp -p "$root$path" "$aside.new"
    mv -f "$aside.new" "$aside"
  else
    : >"$aside.absent"
  fi
}

# write_file STEP PATH MODE: stdin becomes PATH; what was there before is put aside for undo.
write_file() {
  local path=$2 mode=$3
  put_aside "$1" "$path"
  keep "$root$path.gpusetup"
  chmod "$mode" "$root$path.gpusetup"
  mv -f "$root$path.gpusetup" "$root$path"
}

# file_holds PATH: whether PATH is, byte for byte, what stdin says.
file_holds() { [[ -f $root$1 ]] && cmp -s - "$root$1"; }

# restore_files STEP: puts back what was put aside.
restore_files() {
  local aside path folder=$state/$1.files
  [[ -d $folder ]] || return 0
  while IFS= read -r -d '' aside; do
    path=${aside#"$folder"}
    if [[ $path == *.absent ]]; then
      rm -f "$root${path%.absent}"
    else
      cp -p "$aside" "$root$path.gpusetup"
      mv -f "$root$path.gpusetup" "$root$path"
    fi
  done < <(find "$folder" -type f -print0)
  rm -rf "$folder"
}

# ── packages ──────────────────────────────────────────────────────────────────────────────────────────────────────
# The distribution's own library says what its package manager calls these: `package_names [GLOB…]`, of those that are
# installed, one a line; `take_out NAME…`, which refuses, rather than removing too, what somebody has since built on them;
# `package_owns PATH`.

# Names only: a package that was there and is updated meanwhile is still the user's.
remember_packages_before() {
  [[ -e $state/$1.before ]] || package_names | keep "$state/$1.before"
}

# remove_packages STEP [GLOB…]: removes what the step brought, and of packages that match a GLOB whatever came since.
remove_packages() {
  local step=$1 names
  shift
  [[ -e $state/$step.before ]] || return 0
  [[ -e $state/$step.after ]] || package_names | keep "$state/$step.after"
  names=$({
    comm -13 "$state/$step.before" "$state/$step.after"
    (($# == 0)) || package_names "$@" | comm -13 "$state/$step.before" -
  } | sort -u | comm -12 - <(package_names))
  if [[ -n $names ]]; then
    mapfile -t names <<<"$names"
    take_out "${names[@]}"
  fi
  rm -f "$state/$step.before" "$state/$step.after"
}
