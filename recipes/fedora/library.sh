# Shell functions for every step on Fedora, in addition to ../library.sh.

# ── packages ──────────────────────────────────────────────────────────────────────────────────────────────────────

installed() { rpm -q --quiet "$@"; }

package_names() { rpm -qa --qf '%{NAME}.%{ARCH}\n' "$@" | sed '/^gpg-pubkey/d' | sort -u; }
take_out() { rpm -e --allmatches "$@"; }
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
  local keys options=()
  if [[ -n $bundle ]]; then
    keys=$(printf 'file://%s,' "$root"/etc/pki/rpm-gpg/*)
    options=(--disablerepo='*' --repofrompath="gpusetup-bundle,file://$bundle/rpms")
    options+=(--setopt=gpusetup-bundle.gpgcheck=1 --setopt=gpusetup-bundle.gpgkey="${keys%,}")
    if [[ -d $bundle/rpms-by-metadata ]]; then
      options+=(--repofrompath="gpusetup-bundle-more,file://$bundle/rpms-by-metadata")
      options+=(--setopt=gpusetup-bundle-more.gpgcheck=0)
    fi
  fi
  dnf -y "${options[@]}" install "$@"
}

# ── downloads ───────────────────────────────────────────────────────────────────────────────────────────────────

# Large downloads are kept here until they are installed.
# shellcheck disable=SC2034 # used by the steps that download
cache=$root/var/cache/gpusetup

# The name of a downloaded file in a bundle is derived from its URL.
bundled() { say "files/${1//[^A-Za-z0-9._-]/_}"; }

# fetch URL FILE
fetch() {
  if [[ -n $bundle ]]; then
    cp "$bundle/$(bundled "$1")" "$2"
  else
    curl --fail --silent --show-error --location --proto '=https' --tlsv1.2 --retry 3 --output "$2" "$1"
  fi
}

# fetch_verified URL SHA256 FILE: downloads FILE, and fails unless it has this SHA-256.
fetch_verified() {
  if [[ -e $3 ]] && sha256sum --check --status <<<"$2  $3"; then return; fi
  mkdir -p "$(dirname "$3")"
  only_roots "$3" # no other user may change it between this check and its use
  fetch "$1" "$3.new"
  if ! sha256sum --check --status <<<"$2  $3.new"; then
    rm -f "$3.new"
    fail "the download from $1 does not have the recorded SHA-256 $2: it was deleted"
  fi
  mv -f "$3.new" "$3"
}

# fingerprint FILE: of the only public key in FILE; rpm would import a second key without a check.
fingerprint() {
  local keys home
  home=$(mktemp -d)
  keys=$(gpg --homedir "$home" --show-keys --with-colons "$1" 2>/dev/null || :)
  rm -rf "$home"
  [[ $(grep -c '^pub:' <<<"$keys") == 1 ]] || fail "the key file does not contain exactly one key"
  awk -F: '$1 == "fpr" { print $10; exit }' <<<"$keys"
}

# trusted ID KEYID PINNED FOUND: compares with the pinned fingerprint; if none is published, asks the user.
trusted() {
  local answer=""
  if [[ -n $3 ]]; then
    [[ $4 == "$3" ]] || fail "the key of $1 has the fingerprint $4, not $3: it is not trusted"
    return
  fi
  [[ $4 == *"$2" ]] || fail "the key of $1 has the fingerprint $4, which does not end in $2: it is not trusted"
  [[ ${GPUSETUP_TRUST_KEY:-} != "$4" ]] || return 0
  if [[ -t 0 ]]; then
    say "No known source publishes the full fingerprint of the key of $1. The downloaded key has $4."
    read -r -p "Compare it with the owner's information. Type yes to trust it: " answer
  fi
  [[ $answer == yes ]] || fail "the key of $1 is not trusted; to trust it, run again with GPUSETUP_TRUST_KEY=$4"
}

# repo_text ID KEYFILE OPTION=VALUE…: one section of a .repo file.
repo_text() {
  printf '[%s]\n' "$1"
  printf '%s\n' "${@:3}" "gpgkey=file://$2"
}

# ── compiler and loader settings ──────────────────────────────────────────────────────────────────────────────────

# cuda_profile FOLDER COMPILER: a profile for login shells with nvcc in PATH and its host compiler ("": the system's).
cuda_profile() {
  say '# Written by gpusetup: puts nvcc into PATH and sets its host compiler.'
  # shellcheck disable=SC2016 # expanded at login, not now
  printf 'case ":$PATH:" in *:%s/bin:*) ;; *) PATH=$PATH:%s/bin ;; esac\n' "$1" "$1"
  [[ -z $2 ]] || printf 'export NVCC_CCBIN=%q\n' "$2"
}

refresh_loader() { ldconfig -r "${root:-/}"; }

# ── the kernel ────────────────────────────────────────────────────────────────────────────────────────────────────

# The kernel of the next boot, for which the driver's module must be built.
next_kernel() {
  local image=""
  if command -v grubby >/dev/null; then image=$(grubby --default-kernel 2>/dev/null || :); fi
  if [[ $image == */vmlinuz-* ]]; then say "${image##*/vmlinuz-}"; else uname -r; fi
}

secure_boot() { command -v mokutil >/dev/null && [[ $(mokutil --sb-state 2>/dev/null || :) == *enabled* ]]; }

# signing_key OWNER: the certificate with which this machine signs the kernel modules it builds; akmods (RPM Fusion) and
# dkms (NVIDIA) use different ones.
signing_key() { if [[ $1 == rpmfusion ]]; then say "$root/etc/pki/akmods/certs/public_key.der"; else say "$root/var/lib/dkms/mok.pub"; fi; }

# key_state KEY: mokutil's message, since its exit status differs between versions.
key_state() { LC_ALL=C mokutil --test-key "$1" 2>&1 || :; }

# module_signer KERNEL: the signer of this kernel's nvidia module, "" for an unsigned one.
module_signer() { modinfo -k "$1" -F signer nvidia 2>/dev/null || :; }

# module_may_load KERNEL: false where Secure Boot is on and the module is unsigned, so that the kernel would reject it.
module_may_load() { ! secure_boot || [[ -n $(module_signer "$1") ]]; }

# ── the owner: environments belong to the user behind sudo, not to root ────────────────────────────────────────────────

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

# The folder of the environment NAME: ~/gpusetup/NAME of the user behind sudo, /opt/gpusetup/NAME without sudo.
environment_folder() {
  local user home=/opt
  user=$(owner)
  if [[ -n $user ]]; then home=$(getent passwd "$user" | cut -d: -f6); fi
  say "$root${GPUSETUP_ENVIRONMENTS:-$home/gpusetup}/$1"
}
