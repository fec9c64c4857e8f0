# Shell functions for every step on Fedora, in addition to ../library.sh.

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

# ── what the repositories are configured to do ──────────────────────────────────────────────────────────────────────

# repo_files, repo_overrides: in the order in which they apply, so that the last value counts. Of two overrides of one name
# that in /etc counts. Source: dnf5.conf(5); the order was seen with dnf5 5.4.6.
repo_files() {
  find "$root"/etc/yum.repos.d "$root"/etc/distro.repos.d "$root"/usr/share/dnf5/repos.d \
    -maxdepth 1 -name '*.repo' 2>/dev/null | LC_ALL=C sort || :
}
repo_overrides() {
  { find "$root"/usr/share/dnf5/repos.override.d "$root"/etc/dnf/repos.override.d -maxdepth 1 -name '*.repo' -printf '%f\t%p\n' 2>/dev/null || :; } |
    LC_ALL=C sort -s -t $'\t' -k 1,1 |
    awk -F '\t' '$1 != name && path != "" { print path } { name = $1; path = $2 } END { if (path != "") print path }'
}

repo_ids() {
  local -a files
  mapfile -t files < <(repo_files)
  sed -n 's/^\[\([^]]*\)\].*/\1/p' /dev/null "${files[@]}" | { grep -vxF main || :; }
}

# repo_settings ID: FILE, KEY and VALUE of everything that is set for a repository. In an override a section can be a pattern,
# and two keys have another name in dnf 5.
repo_settings() {
  local -a files
  mapfile -t files < <(repo_files && repo_overrides)
  ID=$1 awk '
    function fits(section) {
      gsub(/[.+$(){}|]/, "[&]", section); gsub(/[*]/, ".*", section); gsub(/[?]/, ".", section)
      return ENVIRON["ID"] ~ ("^(" section ")$")
    }
    function flush() { if (key != "") print FILE "\t" key "\t" value; key = "" }
    FNR == 1 { flush(); inside = 0; FILE = FILENAME }
    /^\[/ { flush(); sub(/^\[/, ""); sub(/\].*/, ""); inside = fits($0); next }
    /^[#;]/ || !inside { next }
    /^[ \t]/ { value = value " " $0; next }
    /=/ {
      flush(); key = $0; sub(/[ \t]*=.*/, "", key); value = $0; sub(/^[^=]*=[ \t]*/, "", value)
      if (key == "pkg_gpgcheck") key = "gpgcheck"
      if (key == "exclude") key = "excludepkgs"
    }
    END { flush() }' /dev/null "${files[@]}"
}

# repo_option ID KEY: the value that applies, "" where none is set.
repo_option() { repo_settings "$1" | KEY=$2 awk -F '\t' '$2 == ENVIRON["KEY"] { value = $3 } END { print value }'; }

# overridden ID: what the overrides set of that on which the recipe depends.
overridden() {
  repo_settings "$1" | awk -F '\t' '$1 ~ /\/repos[.]override[.]d\// && $2 ~ /^(gpgcheck|repo_gpgcheck|enabled|excludepkgs)$/ { print $2 "=" $3 " in " $1 }'
}

turned_on() { [[ ${1,,} == @(1|yes|true|on|enabled) ]]; }
turned_off() { [[ ${1,,} == @(0|no|false|off|disabled) ]]; }

# signature_options: so that no override switches off the checks for which the .repo files ask: options of the command count
# last (seen with dnf5 5.4.6).
signature_options() {
  local -a files
  [[ -n $(repo_overrides) ]] || return 0
  mapfile -t files < <(repo_files)
  awk -F '[ \t]*=[ \t]*' '
    /^\[/ { id = $0; sub(/^\[/, "", id); sub(/\].*/, "", id); next }
    $1 ~ /^(gpgcheck|pkg_gpgcheck|repo_gpgcheck)$/ && tolower($2) ~ /^(1|yes|true|on|enabled)[ \t]*$/ {
      print "--setopt=" id "." ($1 == "repo_gpgcheck" ? $1 : "gpgcheck") "=1"
    }' /dev/null "${files[@]}"
}

# ── downloads ───────────────────────────────────────────────────────────────────────────────────────────────────

# Large downloads are kept here until they are installed.
# shellcheck disable=SC2034 # used by the steps that download
cache=$root/var/cache/gpusetup

# unpack_on_disk: let programs unpack in a folder of the system's disk that only root can enter. Fedora's /tmp is in memory, at
# most half of it, and open to all users.
unpack_on_disk() {
  (umask 077 && mkdir -p "$cache/tmp") || return
  only_roots "$cache/tmp" || return
  export TMPDIR=$cache/tmp
}

# empty_cache: remove what was unpacked there.
empty_cache() {
  rm -rf "$cache/tmp"
  rmdir --ignore-fail-on-non-empty "$cache" 2>/dev/null || :
}

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

# secure_boot_state: on, off or unknown. Without mokutil the firmware's own variable says it: four bytes of attributes, then 1
# or 0 (UEFI specification, "Globally Defined Variables").
secure_boot_state() {
  local said="" firmware=$root/sys/firmware/efi variable
  if command -v mokutil >/dev/null; then said=$(LC_ALL=C mokutil --sb-state 2>&1 || :); fi
  variable=$firmware/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c
  case $said in
    *enabled*) say on ;;
    *disabled* | *"doesn't support"* | *"not supported"*) say off ;;
    *)
      if [[ ! -d $firmware ]]; then
        say off # started by a BIOS
      elif [[ -r $variable ]]; then
        if [[ $(od -An -j4 -N1 -tu1 "$variable" | tr -d ' ') == 1 ]]; then say on; else say off; fi
      elif [[ -n $(find "$firmware/efivars" -mindepth 1 -print -quit 2>/dev/null) ]]; then
        say off # this firmware has no such variable
      else
        say unknown
      fi
      ;;
  esac
}

# secure_boot: whether the kernel may refuse an unsigned module. What is not known counts as on.
secure_boot() { [[ $(secure_boot_state) != off ]]; }

# signing_key OWNER: the certificate with which this machine signs the kernel modules it builds; akmods (RPM Fusion) and
# dkms (NVIDIA) use different ones.
signing_key() { if [[ $1 == rpmfusion ]]; then say "$root/etc/pki/akmods/certs/public_key.der"; else say "$root/var/lib/dkms/mok.pub"; fi; }

# key_state KEY: mokutil's message, since its exit status differs between versions.
key_state() { LC_ALL=C mokutil --test-key "$1" 2>&1 || :; }

# module_signer KERNEL: the signer of this kernel's nvidia module, "" for an unsigned one.
module_signer() { modinfo -k "$1" -F signer nvidia 2>/dev/null || :; }

# module_is KERNEL KIND VERSION…: the nvidia module of this kernel is of KIND (open or proprietary) and of one of the versions.
# Open modules do not drive cards without a GSP (before Turing), proprietary ones none from Blackwell on.
module_is() {
  local kernel=$1 kind=$2 version licence
  shift 2
  version=$(modinfo -k "$kernel" -F version nvidia 2>/dev/null) || return 1
  [[ " $* " == *" $version "* ]] || return 1
  licence=$(modinfo -k "$kernel" -F license nvidia) || return 1
  if [[ $licence == *GPL* ]]; then [[ $kind == open ]]; else [[ $kind == proprietary ]]; fi
}

# package_versions NAME…: the versions of these packages, of which a driver's module has to have one.
package_versions() { rpm -q --qf '%{VERSION}\n' "$@" | sort -u; }

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
