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
