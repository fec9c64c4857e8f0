# ── packages ──────────────────────────────────────────────────────────────────────────────────────────────────────

export DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 NEEDRESTART_MODE=l

# installed NAME…: all of them, completely.
installed() {
  local name state
  for name in "$@"; do
    state=$(dpkg-query --show --showformat '${db:Status-Status}\n' "$name" 2>/dev/null) || return 1
    grep -qx installed <<<"$state" || return 1
  done
}

# package_names [GLOB…]: also those that an interrupted installation has left half done.
package_names() {
  { dpkg-query --show --showformat '${db:Status-Status} ${binary:Package}\n' "$@" 2>/dev/null || :; } |
    sed -nE 's/^(installed|unpacked|half-configured|half-installed|triggers-awaited|triggers-pending) //p' | sort -u
}
take_out() { wait_for_apt && dpkg --purge --force-remove-reinstreq "$@"; }
package_owns() { dpkg --search "$1" >/dev/null 2>&1; }

# package_versions NAME…: upstream's versions of these packages, of which a driver's module has to have one.
package_versions() { dpkg-query --show --showformat '${source:Upstream-Version}\n' "$@" | sort -u; }

# install_packages STEP NAME…: records the packages before the first attempt, so that undo removes only new ones.
install_packages() {
  local step=$1 status=0
  shift
  remember_packages_before "$step" || return
  apt_install "$@" || status=$?
  package_names | keep "$state/$step.after" || return
  return "$status"
}

# apt_with COMMAND…: apt-get that neither asks, nor accepts what is not signed, nor waits for another one without end.
apt_with() {
  apt-get --quiet --yes --option DPkg::Lock::Timeout=600 --option Acquire::Retries=3 \
    --option APT::Get::AllowUnauthenticated=false --option Acquire::AllowInsecureRepositories=false \
    --option Dpkg::Options::=--force-confdef --option Dpkg::Options::=--force-confold --option Dpkg::Use-Pty=0 "$@"
}

# bundle_options: with them apt knows only the packages of the bundle. Its index is of packages whose repositories were signed
# when it was gathered, and SHA256SUMS covers all of it.
bundle_options() {
  [[ -n $bundle ]] || return 0
  mkdir -p "$cache/lists/partial"
  say "deb [trusted=yes] file:$bundle/debs ./" | keep "$cache/bundle.list" 644
  printf '%s\n' --option "Dir::Etc::sourcelist=$cache/bundle.list" --option Dir::Etc::sourceparts=- --option "Dir::State::lists=$cache/lists"
}

# apt_install NAME…: from the network, or from the bundle. All is downloaded before anything is changed, with newer lists where
# those that are here name files that a mirror no longer has. Nothing is removed: what is in the way is left to a person.
apt_install() {
  local -a options
  wait_for_apt && finish_dpkg || return
  mapfile -t options < <(bundle_options)
  if [[ -n $bundle ]] || ! apt_with "${options[@]}" install --no-remove --download-only "$@"; then
    apt_with "${options[@]}" update || return
    apt_with "${options[@]}" install --no-remove --download-only "$@" || return
  fi
  apt_with "${options[@]}" install --no-remove --no-download "$@"
}

# finish_dpkg: a killed installation leaves packages half done, and then apt does nothing else before they are whole.
finish_dpkg() {
  [[ -n $(dpkg --audit) || -n $(find "$root/var/lib/dpkg/updates" -name '[0-9]*' -print -quit 2>/dev/null) ]] || return 0
  say "Finishing an installation of packages that was interrupted (dpkg --configure -a)." >&2
  dpkg --configure -a --force-confdef --force-confold || say "It could not be finished as it is; apt is tried next." >&2
}

# apt_holder: the process that holds a lock of apt or dpkg, "" for none.
apt_holder() {
  local lock inode
  for lock in lib/dpkg/lock-frontend lib/dpkg/lock lib/apt/lists/lock cache/apt/archives/lock; do
    lock=$root/var/$lock
    [[ -e $lock ]] || continue
    inode=$(stat -c %i "$lock")
    [[ -r /proc/locks ]] || continue
    INODE=$inode awk '$2 == "POSIX" && $4 == "WRITE" { split($6, file, ":"); if (file[3] == ENVIRON["INODE"]) { print $5; exit } }' /proc/locks
  done | head -n 1
}

# wait_for_apt: up to ten minutes, since unattended upgrades take as long, and apt itself waits for none of its lists' locks.
wait_for_apt() {
  local holder waited
  for ((waited = 0; waited < 600; waited += 2)); do
    holder=$(apt_holder)
    [[ -n $holder ]] || return 0
    if ((waited == 0)); then say "Waiting for another program that changes packages (process $holder)." >&2; fi
    sleep 2
  done
  fail "process $holder has locked the package database for ten minutes: wait until it has ended, and run this again"
}
