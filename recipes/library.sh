# Shell functions for every step. They change only what their arguments name.
#
# GPUSETUP_ROOT is a folder prefixed to every path that is read or written (tests, image roots).
# GPUSETUP_BUNDLE is a folder made by the bundle script: then nothing is downloaded.
# The data for undo is in $state: STEP.before, STEP.after (package names), STEP.files/ and STEP.ours/.

shopt -s inherit_errexit
umask 022 # independent of the caller's: system files must be readable by all, and writable only by root
root=${GPUSETUP_ROOT:-}
[[ -z $root || $root == /* ]] || root=$PWD/$root
bundle=${GPUSETUP_BUNDLE:-}
state=$root/var/lib/gpusetup
export PYTHONSAFEPATH=1 # Python must not import modules from the working directory

say() { printf '%s\n' "$*"; }

fail() {
  printf '%s\n' "$*" >&2
  return 1
}

# ── ownership of paths ────────────────────────────────────────────────────────────────────────────────────────────
# This runs as root, and in a folder that another user can write, that user can place links to any file. So nothing is read
# or written there as root: `keeper` returns the user who controls a path, and `at` runs a command as that user. A new file
# is created in the same folder and renamed, which follows no link.

# keeper PATH: "" where only root (or the current user) can change the folders and links on the way to PATH, else the one
# other user who can; fails if several can.
keeper() {
  local me
  [[ $1 == /* && $1/ != */../* ]] || fail "$1 is not an absolute path without .." || return
  me=$(stat -c %U /proc/self/)
  { namei -l -- "$1" 2>/dev/null || :; } | ME=$me PLACE=$1 awk '
    /^[dl]/ {
      seen = 1; mode = $1; owner = $2; group = $3
      if (owner != "root" && owner != ENVIRON["ME"]) { if (user != "" && user != owner) shared = $4; user = owner }
      if (mode ~ /^l/) next
      last = mode
      # Members of staff are administrators too (Debian Policy 9.1.2); in a sticky folder others cannot replace entries.
      if (substr(mode, 9, 1) == "w" && mode !~ /[tT]$/) shared = $4
      if (substr(mode, 6, 1) == "w" && mode !~ /[tT]$/ && group != "root" && group != "staff" && group != owner) shared = $4
    }
    END {
      if (!seen) shared = "(namei failed)"
      if (substr(last, 9, 1) == "w" && user == "") shared = "the last one"
      if (shared != "") {
        print "other users can change " ENVIRON["PLACE"] ": check the permissions of its folder " shared > "/dev/stderr"
        exit 1
      }
      print user
    }'
}

# only_roots PATH: fails where another user can change PATH or a folder above it.
only_roots() {
  local user
  user=$(keeper "$1") || return
  [[ -z $user ]] || fail "$user can change $1, so root does not use it: do this as $user, or choose a folder that only root can change"
}

# at PATH COMMAND…: run COMMAND as the user who controls PATH, without root's environment. COMMAND is a program, or a
# function that calls no other function.
at() {
  local user home
  user=$(keeper "$1") || return
  shift
  if [[ -z $user ]]; then
    "$@"
    return
  fi
  home=$(getent passwd "$user" | cut -d: -f6)
  (cd / && runuser -u "$user" -- env -i HOME="$home" PATH=/usr/bin:/bin LC_ALL=C.UTF-8 \
    bash -euc "$(declare -f "$1")"$'\n"$@"' gpusetup "$@")
}

# put_at PLACE MODE [LIKE]: replace PLACE with stdin by a rename; mode, owner and time are those of LIKE, or MODE, or those
# it had.
put_at() {
  local new folder=${1%/*}/ backup=none
  [[ $1 != *.gpusetup-save ]] || backup=numbered
  mkdir -p "$folder" || return
  find "$folder" -maxdepth 1 -name '.gpusetup.??????????' -delete # left by a killed run
  new=$(mktemp "$folder.gpusetup.XXXXXXXXXX") || return
  if cat >"$new" &&
    if [[ -n ${3:-} ]]; then
      chmod --reference="$3" "$new" && chown --reference="$3" "$new" && touch --reference="$3" "$new"
    elif [[ -z $2 && -e $1 ]]; then
      chmod --reference="$1" "$new" && { ((EUID)) || chown --reference="$1" "$new"; }
    else
      chmod "${2:-644}" "$new"
    fi && mv -fT --backup="$backup" "$new" "$1"; then return; fi
  rm -f "$new"
  return 1
}

# link_at PLACE TARGET: replace PLACE with a link to TARGET.
link_at() {
  local new folder=${1%/*}/ backup=none
  [[ $1 != *.gpusetup-save ]] || backup=numbered
  mkdir -p "$folder" && new=$(mktemp -u "$folder.gpusetup.XXXXXXXXXX") && ln -s -- "$2" "$new" &&
    mv -fT --backup="$backup" "$new" "$1"
}

# drop_at PLACE: remove the file.
drop_at() {
  [[ ! -d ${1%/*}/ ]] || find "${1%/*}/" -maxdepth 1 -name '.gpusetup.??????????' -delete
  rm -f -- "$1"
}

# state_at PLACE: type and content in one line, to compare.
state_at() {
  local sum
  if [[ -L $1 ]]; then
    printf 'link %s\n' "$(readlink -- "$1")"
  elif [[ -f $1 ]]; then
    sum=$(sha256sum <"$1") || return
    printf 'file %s\n' "${sum%% *}"
  elif [[ -e $1 ]]; then echo other; else echo absent; fi
}

# behind PATH: the file to write instead of PATH: the target of a link, unless that is outside of $root.
behind() {
  local real user theirs
  if [[ ! -L $root$1 ]] || ! real=$(readlink -m -- "$root$1") || [[ $real != "$root"/* ]]; then
    say "$1"
    return
  fi
  user=$(keeper "$root$1") || return
  theirs=$(keeper "$real") || return
  [[ $theirs == "$user" ]] || fail "$root$1 is a link by $user to $real, which is not $user's: it is not followed" || return
  say "${real#"$root"}"
}

# ── files ─────────────────────────────────────────────────────────────────────────────────────────────────────────
# STEP.files/PLACE (or STEP.files/PLACE.absent) is the state of PLACE before the step; STEP.ours/PLACE has a line for each
# state that the step has written. A file in neither state was changed by someone else, and is not removed.

# keep PATH [MODE]: write stdin to PATH atomically, so that no reader sees an incomplete file.
keep() { at "$1" put_at "$1" "${2:-600}"; }

# put_aside STEP PATH: save PATH as it is before the step, for undo; only on the first attempt.
put_aside() {
  local place=$root$2 aside=$state/$1.files$2 now user
  user=$(keeper "$place") || return
  now=$(at "$place" state_at "$place") || return
  if [[ -e $aside || -L $aside || -e $aside.absent ]]; then
    if [[ $now == "file "* ]] && changed_since "$1" "$2" "$now"; then
      at "$place" cat "$place" | at "$place" put_at "$place.gpusetup-save" "" || return
      say "   $2 was changed after this step wrote it: the changed file is saved as $2.gpusetup-save" >&2
    fi
    return
  fi
  rm -f "$state/$1.ours$2"
  mkdir -p "${aside%/*}"
  case $now in
    absent) : >"$aside.absent" ;;
    "link "*) link_at "$aside" "${now#link }" ;;
    *)
      if [[ -z $user ]]; then cp -p "$place" "$state/aside.new"; else at "$place" cat "$place" >"$state/aside.new"; fi || return
      mv -fT "$state/aside.new" "$aside"
      ;;
  esac
}

# before_step STEP PATH: the saved state.
before_step() {
  if [[ -e $state/$1.files$2.absent ]]; then say absent; else state_at "$state/$1.files$2"; fi
}

# is_ours STEP PATH [STATE]: record the present state of PATH, or STATE, as written by the step.
is_ours() {
  local ours=$state/$1.ours$2 now=${3:-}
  [[ -n $now ]] || now=$(at "$root$2" state_at "$root$2") || return
  mkdir -p "${ours%/*}"
  grep -qsxF -- "$now" "$ours" || say "$now" >>"$ours"
}

# changed_since STEP PATH NOW: NOW is neither a state written by the step nor the one before it.
changed_since() {
  [[ -e $state/$1.ours$2 ]] && ! grep -qxF -- "$3" "$state/$1.ours$2" && [[ $3 != "$(before_step "$1" "$2")" ]]
}

# write_file STEP PATH [MODE]: replace PATH with stdin, keeping its mode unless MODE is given; the former file is saved for
# undo. A link stays a link.
write_file() {
  local path sum
  path=$(behind "$2") || return
  put_aside "$1" "$path" || return
  cat >"$state/write.new" || return
  sum=$(sha256sum <"$state/write.new") || return
  is_ours "$1" "$path" "file ${sum%% *}" || return # before the rename: else a kill in between would make it look changed by someone else
  at "$root$path" put_at "$root$path" "${3:-}" <"$state/write.new" || return
  rm -f "$state/write.new"
}

# take_away STEP PATH: remove PATH; the former file is saved for undo.
take_away() {
  put_aside "$1" "$2" || return
  is_ours "$1" "$2" absent || return
  at "$root$2" drop_at "$root$2"
}

# file_holds PATH: whether PATH equals stdin, byte for byte.
file_holds() { [[ -f $root$1 ]] && cmp -s - "$root$1"; }

# restore_files STEP: restore the saved files, except those that were changed by someone else since.
restore_files() {
  local aside asides folder=$state/$1.files
  [[ -d $folder ]] || return 0
  mapfile -d '' -t asides < <(find "$folder" \( -type f -o -type l \) -print0)
  for aside in "${asides[@]}"; do
    aside=${aside#"$folder"}
    restore_file "$1" "${aside%.absent}" || return
  done
  rm -rf "$folder"
  rm -rf "$state/$1.ours" "$state"/{aside,write}.new
}

restore_file() {
  local before now user like="" place=$root$2 aside=$state/$1.files$2
  user=$(keeper "$place") || return
  [[ -n $user ]] || like=$aside # only root can set owner and mode
  before=$(before_step "$1" "$2")
  now=$(at "$place" state_at "$place") || return
  if changed_since "$1" "$2" "$now"; then
    if [[ $before == absent ]]; then
      say "   $2 was changed after this step wrote it, and is kept: remove it when nothing needs it" >&2
      return
    fi
    place+=.gpusetup-save
    say "   $2 was changed after this step wrote it, and is kept: the original is $2.gpusetup-save" >&2
  fi
  case $before in
    absent) at "$place" drop_at "$place" ;;
    "link "*) at "$place" link_at "$place" "${before#link }" ;;
    *) at "$place" put_at "$place" "" "$like" <"$aside" ;;
  esac
}

# ── packages ──────────────────────────────────────────────────────────────────────────────────────────────────────
# The distribution's library defines: `package_names [GLOB…]`, the installed packages, one per line; `take_out NAME…`, which
# removes them, and fails if other packages depend on them by now; `package_owns PATH`.

# Names without versions: a package that was installed before and was updated since is still the user's.
remember_packages_before() {
  [[ -e $state/$1.before ]] || package_names | keep "$state/$1.before"
}

# remove_packages STEP [GLOB…]: remove the packages that the step installed, and new packages that match a GLOB.
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
