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
