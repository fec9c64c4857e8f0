# Shell functions that every step for Fedora may call, beside those of ../library.sh.

# ── packages ──────────────────────────────────────────────────────────────────────────────────────────────────────

installed() { rpm -q --quiet "$@"; }

package_names() { rpm -qa --qf '%{NAME}.%{ARCH}\n' "$@" | sed '/^gpg-pubkey/d' | sort -u; }
take_out() { rpm -e --allmatches "$@"; }
package_owns() { rpm -qf --quiet "$1"; }

# install_packages STEP NAME…: remembers the packages from before the first try, however often it is tried.
install_packages() {
  local step=$1 status=0
  shift
  remember_packages_before "$step" || return
  dnf_install "$@" || status=$?
  package_names | keep "$state/$step.after" || return
  return "$status"
}

# From the network, or from the bundle: its packages are signed, or vouched for by metadata that was signed.
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

# ── what comes from elsewhere ─────────────────────────────────────────────────────────────────────────────────────

# Where big files wait until they were used.
# shellcheck disable=SC2034 # for the steps that fetch such
cache=$root/var/cache/gpusetup

# A file in a bundle has its address for its name.
bundled() { say "files/${1//[^A-Za-z0-9._-]/_}"; }

# fetch URL FILE
fetch() {
  if [[ -n $bundle ]]; then
    cp "$bundle/$(bundled "$1")" "$2"
  else
    curl --fail --silent --show-error --location --proto '=https' --tlsv1.2 --retry 3 --output "$2" "$1"
  fi
}

# fetch_verified URL SHA256 FILE: FILE is there afterwards only with that very SHA-256.
fetch_verified() {
  if [[ -e $3 ]] && sha256sum --check --status <<<"$2  $3"; then return; fi
  mkdir -p "$(dirname "$3")"
  only_roots "$3" # nobody may change it between this and its use
  fetch "$1" "$3.new"
  if ! sha256sum --check --status <<<"$2  $3.new"; then
    rm -f "$3.new"
    fail "what came from $1 does not have the SHA-256 $2 that is on record: it was not used"
  fi
  mv -f "$3.new" "$3"
}

# fingerprint FILE: of the one public key in it; a second key would be imported unseen.
fingerprint() {
  local keys home
  home=$(mktemp -d)
  keys=$(gpg --homedir "$home" --show-keys --with-colons "$1" 2>/dev/null || :)
  rm -rf "$home"
  [[ $(grep -c '^pub:' <<<"$keys") == 1 ]] || fail "the key file holds not exactly one key"
  awk -F: '$1 == "fpr" { print $10; exit }' <<<"$keys"
}

# trusted ID KEYID PINNED FOUND: the pinned fingerprint, or, where none is published, a person's word for it.
trusted() {
  local answer=""
  if [[ -n $3 ]]; then
    [[ $4 == "$3" ]] || fail "the key of $1 has the fingerprint $4, not $3: it is not trusted"
    return
  fi
  [[ $4 == *"$2" ]] || fail "the key of $1 has the fingerprint $4, which does not end in $2: it is not trusted"
  [[ ${GPUSETUP_TRUST_KEY:-} != "$4" ]] || return 0
  if [[ -t 0 ]]; then
    say "No source that we know publishes the whole fingerprint of the key of $1. The downloaded one is $4."
    read -r -p "Compare it with what its owner says. Type yes to trust it: " answer
  fi
  [[ $answer == yes ]] || fail "the key of $1 is not trusted; to trust it, run again with GPUSETUP_TRUST_KEY=$4"
}

# repo_text ID KEYFILE OPTION=VALUE…: one section of a .repo file.
repo_text() {
  printf '[%s]\n' "$1"
  printf '%s\n' "${@:3}" "gpgkey=file://$2"
}

# ── for compilers and the loader ──────────────────────────────────────────────────────────────────────────────────

# cuda_profile FOLDER COMPILER: for login shells, where nvcc is, and which compiler it may use ("": the system's).
cuda_profile() {
  say '# Written by gpusetup: where nvcc is, and which compiler it may use.'
  # shellcheck disable=SC2016 # expanded at login, not now
  printf 'case ":$PATH:" in *:%s/bin:*) ;; *) PATH=$PATH:%s/bin ;; esac\n' "$1" "$1"
  [[ -z $2 ]] || printf 'export NVCC_CCBIN=%q\n' "$2"
}

refresh_loader() { ldconfig -r "${root:-/}"; }

# ── the kernel ────────────────────────────────────────────────────────────────────────────────────────────────────

# The kernel that boots next, which is the one the driver has to fit.
next_kernel() {
  local image=""
  if command -v grubby >/dev/null; then image=$(grubby --default-kernel 2>/dev/null || :); fi
  if [[ $image == */vmlinuz-* ]]; then say "${image##*/vmlinuz-}"; else uname -r; fi
}

secure_boot() { command -v mokutil >/dev/null && [[ $(mokutil --sb-state 2>/dev/null || :) == *enabled* ]]; }

# signing_key OWNER: the public part of the key with which this machine signs the modules it builds for that owner's driver:
# akmods has one, dkms another.
signing_key() { if [[ $1 == rpmfusion ]]; then say "$root/etc/pki/akmods/certs/public_key.der"; else say "$root/var/lib/dkms/mok.pub"; fi; }

# key_state KEY: mokutil's words, since its exit status differs between versions.
key_state() { LC_ALL=C mokutil --test-key "$1" 2>&1 || :; }

# module_signer KERNEL: who signed the module that this kernel would load, "" when nobody did.
module_signer() { modinfo -k "$1" -F signer nvidia 2>/dev/null || :; }

# module_may_load KERNEL: with Secure Boot on, the kernel refuses a module that nobody signed.
module_may_load() { ! secure_boot || [[ -n $(module_signer "$1") ]]; }

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
