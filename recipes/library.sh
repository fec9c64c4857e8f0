# Shell functions that every step may call. Nothing here changes anything but through the caller's arguments.
#
# GPUSETUP_ROOT puts another folder in front of every path that is read or written (tests, image roots).
# GPUSETUP_BUNDLE is a folder made by the bundle script: then nothing is taken from the network.
# What is needed to take a step back is kept in $state, as STEP.before, STEP.after (package names), STEP.files/ and STEP.ours/.

shopt -s inherit_errexit
umask 022 # whatever the caller's: what is made for all is for all to read, and for nobody else to change
root=${GPUSETUP_ROOT:-}
[[ -z $root || $root == /* ]] || root=$PWD/$root
bundle=${GPUSETUP_BUNDLE:-}
state=$root/var/lib/gpusetup
export PYTHONSAFEPATH=1 # no Python that is started here takes modules from the folder we happen to be in

say() { printf '%s\n' "$*"; }

fail() {
  printf '%s\n' "$*" >&2
  return 1
}

# ── whose a place is ──────────────────────────────────────────────────────────────────────────────────────────────
# Whoever runs this is root, and in a folder of their own other users can put a link wherever they like. So nothing is read
# or written there as root: `keeper` says whose a place is, and `at` does what is to be done as that user. A new file is
# made beside the place and gets there in one move, which follows no link.

# keeper PATH: "" where every folder and link on the way to PATH is root's (or whose shell this is) alone to change, else the
# one other user who can; where several can, it fails.
keeper() {
  local me
  [[ $1 == /* && $1/ != */../* ]] || fail "$1 is not a whole path, from / and without .." || return
  me=$(stat -c %U /proc/self/)
  { namei -l -- "$1" 2>/dev/null || :; } | ME=$me PLACE=$1 awk '
    /^[dl]/ {
      seen = 1; mode = $1; owner = $2; group = $3
      if (owner != "root" && owner != ENVIRON["ME"]) { if (user != "" && user != owner) shared = $4; user = owner }
      if (mode ~ /^l/) next
      last = mode
      # Members of staff are administrators too (Debian Policy 9.1.2); a sticky folder keeps what is in it.
      if (substr(mode, 9, 1) == "w" && mode !~ /[tT]$/) shared = $4
      if (substr(mode, 6, 1) == "w" && mode !~ /[tT]$/ && group != "root" && group != "staff" && group != owner) shared = $4
    }
    END {
      if (!seen) shared = "(namei did not say)"
      if (substr(last, 9, 1) == "w" && user == "") shared = "the last one"
      if (shared != "") {
        print "other users can change what is in " ENVIRON["PLACE"] ": look at its folder " shared > "/dev/stderr"
        exit 1
      }
      print user
    }'
}

# only_roots PATH: fails, saying so, where another user has a part of it.
only_roots() {
  local user
  user=$(keeper "$1") || return
  [[ -z $user ]] || fail "$1 is where $user can change it, and root does not: do this as $user, or choose a folder of root's"
}

# at PATH COMMAND…: as whose place PATH is, with nothing of root's environment. COMMAND is a program, or a function that
# calls no other.
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

# put_at PLACE MODE [LIKE]: stdin becomes PLACE in one move; with the mode, owner and time of LIKE, or MODE, or as it was.
put_at() {
  local new folder=${1%/*}/ backup=none
  [[ $1 != *.gpusetup-save ]] || backup=numbered
  mkdir -p "$folder" || return
  find "$folder" -maxdepth 1 -name '.gpusetup.??????????' -delete # what a kill has left
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

# link_at PLACE TARGET: PLACE becomes a link.
link_at() {
  local new folder=${1%/*}/ backup=none
  [[ $1 != *.gpusetup-save ]] || backup=numbered
  mkdir -p "$folder" && new=$(mktemp -u "$folder.gpusetup.XXXXXXXXXX") && ln -s -- "$2" "$new" &&
    mv -fT --backup="$backup" "$new" "$1"
}

# drop_at PLACE: nothing is there any more.
drop_at() {
  [[ ! -d ${1%/*}/ ]] || find "${1%/*}/" -maxdepth 1 -name '.gpusetup.??????????' -delete
  rm -f -- "$1"
}

# state_at PLACE: what is there, in one line that another one can be compared with.
state_at() {
  local sum
  if [[ -L $1 ]]; then
    printf 'link %s\n' "$(readlink -- "$1")"
  elif [[ -f $1 ]]; then
    sum=$(sha256sum <"$1") || return
    printf 'file %s\n' "${sum%% *}"
  elif [[ -e $1 ]]; then echo other; else echo absent; fi
}

# behind PATH: where what is written to PATH belongs: a link stays one. One that leads out of $root is not followed.
behind() {
  local real user theirs
  if [[ ! -L $root$1 ]] || ! real=$(readlink -m -- "$root$1") || [[ $real != "$root"/* ]]; then
    say "$1"
    return
  fi
  user=$(keeper "$root$1") || return
  theirs=$(keeper "$real") || return
  [[ $theirs == "$user" ]] || fail "$root$1 is a link of $user's to $real, which is not theirs: it is not followed" || return
  say "${real#"$root"}"
}

# ── files ─────────────────────────────────────────────────────────────────────────────────────────────────────────
# What was at a place before a step is kept in STEP.files/PLACE, or STEP.files/PLACE.absent, and in STEP.ours/PLACE, one
# line each, what the step has put there: a file that is neither was changed by somebody since, and is not taken away.

# keep PATH [MODE]: writes stdin there in one move, so that nobody ever reads half of it.
keep() { at "$1" put_at "$1" "${2:-600}"; }

# put_aside STEP PATH: what is at PATH before the step, for undo; once, however often the step is tried.
put_aside() {
  local place=$root$2 aside=$state/$1.files$2 now user
  user=$(keeper "$place") || return
  now=$(at "$place" state_at "$place") || return
  if [[ -e $aside || -L $aside || -e $aside.absent ]]; then
    if [[ $now == "file "* ]] && changed_since "$1" "$2" "$now"; then
      at "$place" cat "$place" | at "$place" put_at "$place.gpusetup-save" "" || return
      say "   $2 was changed since this step wrote it: that is now $2.gpusetup-save" >&2
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

# before_step STEP PATH: the state that was put aside.
before_step() {
  if [[ -e $state/$1.files$2.absent ]]; then say absent; else state_at "$state/$1.files$2"; fi
}

# is_ours STEP PATH [STATE]: what is at PATH now, or will be, is the step's doing.
is_ours() {
  local ours=$state/$1.ours$2 now=${3:-}
  [[ -n $now ]] || now=$(at "$root$2" state_at "$root$2") || return
  mkdir -p "${ours%/*}"
  grep -qsxF -- "$now" "$ours" || say "$now" >>"$ours"
}

# changed_since STEP PATH NOW: it is known what the step has put there, and NOW is another thing, and not the one before.
changed_since() {
  [[ -e $state/$1.ours$2 ]] && ! grep -qxF -- "$3" "$state/$1.ours$2" && [[ $3 != "$(before_step "$1" "$2")" ]]
}

# write_file STEP PATH [MODE]: stdin becomes PATH, with the mode it had unless told; what was there before is put aside for
# undo. A link stays a link.
write_file() {
  local path sum
  path=$(behind "$2") || return
  put_aside "$1" "$path" || return
  cat >"$state/write.new" || return
  sum=$(sha256sum <"$state/write.new") || return
  is_ours "$1" "$path" "file ${sum%% *}" || return # before the move: a kill between the two must not make it a stranger's
  at "$root$path" put_at "$root$path" "${3:-}" <"$state/write.new" || return
  rm -f "$state/write.new"
}

# take_away STEP PATH: nothing is at PATH; what was there before is put aside for undo.
take_away() {
  put_aside "$1" "$2" || return
  is_ours "$1" "$2" absent || return
  at "$root$2" drop_at "$root$2"
}

# file_holds PATH: whether PATH is, byte for byte, what stdin says.
file_holds() { [[ -f $root$1 ]] && cmp -s - "$root$1"; }

# restore_files STEP: puts back what was put aside, but where somebody has changed a file since.
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
  [[ -n $user ]] || like=$aside # its owner and mode are for root alone to give
  before=$(before_step "$1" "$2")
  now=$(at "$place" state_at "$place") || return
  if changed_since "$1" "$2" "$now"; then
    if [[ $before == absent ]]; then
      say "   $2 was changed since this step wrote it, and stays: remove it when nothing needs it" >&2
      return
    fi
    place+=.gpusetup-save
    say "   $2 was changed since this step wrote it, and stays: what was there before is $2.gpusetup-save" >&2
  fi
  case $before in
    absent) at "$place" drop_at "$place" ;;
    "link "*) at "$place" link_at "$place" "${before#link }" ;;
    *) at "$place" put_at "$place" "" "$like" <"$aside" ;;
  esac
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
