# Shell functions that every step may call. Nothing here changes anything but through the caller's arguments.
#
# GPUSETUP_ROOT puts another folder in front of every path that is read or written (tests, image roots).
# What is needed to take a step back is kept in $state, as STEP.before, STEP.after (package names) and STEP.files/.

shopt -s inherit_errexit
root=${GPUSETUP_ROOT:-}
state=$root/var/lib/gpusetup

say() { printf '%s\n' "$*"; }

fail() {
  printf '%s\n' "$*" >&2
  return 1
}

# ── packages ──────────────────────────────────────────────────────────────────────────────────────────────────────

installed() { rpm -q --quiet "$@"; }

# Names only: a package that was there and is updated meanwhile is still the user's.
package_names() { rpm -qa --qf '%{NAME}.%{ARCH}\n' | sed '/^gpg-pubkey/d' | sort -u; }

# install_packages STEP NAME…: remembers the packages from before the first try, however often it is tried.
install_packages() {
  local step=$1 status=0
  shift
  remember_packages_before "$step" || return
  dnf -y install "$@" || status=$?
  package_names | keep "$state/$step.after" || return
  return "$status"
}

remember_packages_before() {
  [[ -e $state/$1.before ]] || package_names | keep "$state/$1.before"
}

# remove_packages STEP [GLOB…]: removes what the step brought, and of packages that match a GLOB whatever came since.
# rpm refuses, rather than removing too, what somebody has since built on them.
remove_packages() {
  local step=$1 names
  shift
  [[ -e $state/$step.before ]] || return 0
  [[ -e $state/$step.after ]] || package_names | keep "$state/$step.after"
  names=$({
    comm -13 "$state/$step.before" "$state/$step.after"
    (($# == 0)) || rpm -qa --qf '%{NAME}.%{ARCH}\n' "$@" | sort -u | comm -13 "$state/$step.before" -
  } | sort -u | comm -12 - <(package_names))
  if [[ -n $names ]]; then
    mapfile -t names <<<"$names"
    rpm -e --allmatches "${names[@]}"
  fi
  rm -f "$state/$step.before" "$state/$step.after"
}

# ── files ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# keep PATH: writes stdin there in one move, so that nobody ever reads half of it.
keep() {
  mkdir -p "$(dirname "$1")"
  cat >"$1.new"
  mv -f "$1.new" "$1"
}

# write_file STEP PATH MODE: stdin becomes PATH; what was there before is put aside for undo, once.
write_file() {
  local step=$1 path=$2 mode=$3 aside
  aside=$state/$step.files$path
  if [[ ! -e $aside && ! -e $aside.absent ]]; then
    mkdir -p "$(dirname "$aside")"
    if [[ -e $root$path ]]; then
      cp -p "$root$path" "$aside.new"
      mv -f "$aside.new" "$aside"
    else
      : >"$aside.absent"
    fi
  fi
  keep "$root$path.gpusetup"
  chmod "$mode" "$root$path.gpusetup"
  mv -f "$root$path.gpusetup" "$root$path"
}

# file_holds PATH: whether PATH is, byte for byte, what stdin says.
file_holds() { [[ -f $root$1 ]] && cmp -s - "$root$1"; }

# restore_files STEP: puts back what write_file put aside.
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

# ── the kernel ────────────────────────────────────────────────────────────────────────────────────────────────────

# The kernel that boots next, which is the one the driver has to fit.
next_kernel() {
  local image=""
  if command -v grubby >/dev/null; then image=$(grubby --default-kernel 2>/dev/null || :); fi
  if [[ $image == */vmlinuz-* ]]; then say "${image##*/vmlinuz-}"; else uname -r; fi
}

secure_boot() { command -v mokutil >/dev/null && [[ $(mokutil --sb-state 2>/dev/null || :) == *enabled* ]]; }

# ── the owner: environments belong to who called sudo, not to root ────────────────────────────────────────────────

owner() {
  if [[ $(id -u) == 0 && -n ${SUDO_USER:-} && $SUDO_USER != root ]]; then say "$SUDO_USER"; fi
}

as_owner() {
  local user home
  user=$(owner)
  if [[ -z $user ]]; then
    "$@"
    return
  fi
  home=$(getent passwd "$user" | cut -d: -f6)
  (cd / && runuser -u "$user" -- env HOME="$home" "$@")
}

# Where the environment NAME lives: ~/gpusetup/NAME of who called sudo, /opt/gpusetup/NAME for root alone.
environment_folder() {
  local user home=/opt
  user=$(owner)
  if [[ -n $user ]]; then home=$(getent passwd "$user" | cut -d: -f6); fi
  say "$root${GPUSETUP_ENVIRONMENTS:-$home/gpusetup}/$1"
}
