# nvidia_module KERNEL: the name of the driver's module. Debian's packages build several beside each other, nvidia-current,
# nvidia-current-open or nvidia-tesla-535, and the alternative "nvidia" says which one is loaded as nvidia.
nvidia_module() {
  local chosen
  chosen=$(readlink "$root/etc/alternatives/nvidia" || :)
  if modinfo -k "$1" -F filename nvidia >/dev/null 2>&1 || [[ -z $chosen ]]; then say nvidia; else say "nvidia-${chosen##*/}"; fi
}

# module_signer KERNEL: the signer of this kernel's nvidia module, "" for an unsigned one.
module_signer() { modinfo -k "$1" -F signer "$(nvidia_module "$1")" 2>/dev/null || :; }

# module_is KERNEL KIND VERSION…: the nvidia module of this kernel is of KIND (open or proprietary) and of one of the versions.
# Open modules do not drive cards without a GSP (before Turing), proprietary ones none from Blackwell on.
module_is() {
  local kernel=$1 kind=$2 version licence name
  shift 2
  name=$(nvidia_module "$kernel")
  version=$(modinfo -k "$kernel" -F version "$name" 2>/dev/null) || return 1
  [[ " $* " == *" $version "* ]] || return 1
  licence=$(modinfo -k "$kernel" -F license "$name") || return 1
  if [[ $licence == *GPL* ]]; then [[ $kind == open ]]; else [[ $kind == proprietary ]]; fi
}

# module_may_load KERNEL: false where Secure Boot is on and the module is unsigned, so that the kernel would reject it.
module_may_load() { ! secure_boot || [[ -n $(module_signer "$1") ]]; }

# dkms_modules VERSION…: NAME/VERSION of NVIDIA's modules of these versions that dkms knows.
dkms_modules() {
  local version
  for version in "$@"; do
    find "$root/var/lib/dkms" -mindepth 2 -maxdepth 2 -path "*/nvidia*/$version" -printf '%P\n' 2>/dev/null
  done | sort -u
}
