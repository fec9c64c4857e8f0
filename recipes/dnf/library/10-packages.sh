# ── packages ──────────────────────────────────────────────────────────────────────────────────────────────────────

installed() { rpm -q --quiet "$@"; }

package_names() { rpm -qa --qf '%{NAME}.%{ARCH}\n' "$@" | sed '/^gpg-pubkey/d' | sort -u; }
take_out() { wait_for_rpm && rpm -e --allmatches "$@"; }
package_owns() { rpm -qf --quiet "$1"; }

# install_packages STEP NAME…: records the packages before the first attempt, so that undo removes only new ones.
install_packages() {
  local step=$1 status=0
  shift
  remember_packages_before "$step" || return
  dnf_install "$@" || status=$?
  package_names | keep "$state/$step.after" || return
  return "$status"
}

# From the network, or from the bundle, whose packages are signed themselves or listed in signed metadata.
dnf_install() {
  local keys options=() checks
  mapfile -t checks < <(signature_options)
  wait_for_rpm || return
  if [[ -n $bundle ]]; then
    keys=$(printf 'file://%s,' "$root"/etc/pki/rpm-gpg/*)
    options=(--disablerepo='*' --repofrompath="gpusetup-bundle,file://$bundle/rpms")
    options+=(--setopt=gpusetup-bundle.gpgcheck=1 --setopt=gpusetup-bundle.gpgkey="${keys%,}")
    if [[ -d $bundle/rpms-by-metadata ]]; then
      options+=(--repofrompath="gpusetup-bundle-more,file://$bundle/rpms-by-metadata")
      options+=(--setopt=gpusetup-bundle-more.gpgcheck=0)
    fi
  fi
  dnf -y "${checks[@]}" "${options[@]}" install "$@"
}

# rpm_holder: the process that holds rpm's lock, "" for none. Without a terminal rpm fails instead of waiting for it, and
# dnf 5 says only "Rpm transaction failed" (rpm 6.1, dnf5 5.4.6).
rpm_holder() {
  local lock inode
  lock=$(rpm --eval '%{?_rpmlock_path}')
  [[ -e $lock ]] || return 0
  inode=$(stat -c %i "$lock")
  INODE=$inode awk '$2 == "POSIX" && $4 == "WRITE" { split($6, file, ":"); if (file[3] == ENVIRON["INODE"]) { print $5; exit } }' /proc/locks
}

# wait_for_rpm: up to ten minutes.
wait_for_rpm() {
  local holder waited
  for ((waited = 0; waited < 600; waited += 2)); do
    holder=$(rpm_holder)
    [[ -n $holder ]] || return 0
    if ((waited == 0)); then say "Waiting for another program that changes packages (process $holder)." >&2; fi
    sleep 2
  done
  fail "process $holder has locked the package database for ten minutes: wait until it has ended, and run this again"
}
