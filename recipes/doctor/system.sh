# ── services ──────────────────────────────────────────────────────────────────────────────────────────────────────

systemctl() {
  local unit
  case $1 in
    enable)
      for unit in "${@:2}"; do
        [[ $unit != --now ]] || continue
        command systemctl --quiet is-active "$unit" || undo_by command systemctl stop "$unit"
        command systemctl --quiet is-enabled "$unit" || undo_by command systemctl disable "$unit"
      done
      command systemctl "$@"
      ;;
    start)
      command systemctl --quiet is-active "$2" || undo_by command systemctl stop "$2"
      command systemctl "$@"
      ;;
    set-default)
      undo_by command systemctl set-default "$(command systemctl get-default)"
      command systemctl "$@"
      ;;
    *) renew systemctl "$@" ;; # a restart rereads files, and undo repeats it when they are restored
  esac
}

timedatectl() {
  local tries
  if [[ $(command timedatectl show --property=NTP --value) == no ]]; then undo_by command timedatectl set-ntp false; fi
  command timedatectl "$@"
  for ((tries = 30; tries > 0; tries--)); do
    [[ $(command timedatectl show --property=NTPSynchronized --value) != yes ]] || return 0
    sleep 1
  done
  fail "the clock is not synchronised yet: can this machine reach a time server?"
}

# ── cards ─────────────────────────────────────────────────────────────────────────────────────────────────────────

nvidia-smi() {
  local clocks
  if [[ $2 == --reset-applications-clocks ]]; then
    clocks=$(command nvidia-smi "$1" --query-gpu=clocks.applications.memory,clocks.applications.graphics --format=csv,noheader,nounits)
    undo_by command nvidia-smi "$1" --applications-clocks="${clocks// /}"
  fi
  command nvidia-smi "$@"
}

# ── containers ────────────────────────────────────────────────────────────────────────────────────────────────────

nvidia-ctk() {
  local word words=("$@") index status=0 kept=()
  case "$1 $2" in
    "cdi generate")
      for index in "${!words[@]}"; do
        word=${words[index]}
        [[ $word == --output=* ]] || continue
        kept+=("${word#--output=}")
        only_roots "$root${word#--output=}"
        mkdir -p "$(dirname "$root${word#--output=}")"
        words[index]=--output=$root${word#--output=}
      done
      ;;
    "runtime configure")
      kept=(/etc/docker/daemon.json /etc/containerd/{config,conf.d/99-nvidia}.toml /etc/crio/{crio.conf,conf.d/99-nvidia.toml})
      ;;
    "config "*) kept=(/etc/nvidia-container-runtime/config.toml) ;;
    "system create-dev-char-symlinks") undo_by remove_new_files /dev/char "$(files_below /dev/char)" ;;
  esac
  for word in "${kept[@]}"; do keep_file "$word"; done
  command nvidia-ctk "${words[@]}" || status=$?
  for word in "${kept[@]}"; do kept_file_is "$word"; done
  return "$status"
}

# ── SELinux, groups ───────────────────────────────────────────────────────────────────────────────────────────────

setsebool() {
  local was
  was=$(command getsebool "$2")
  undo_by command setsebool -P "$2" "${was##* }"
  command setsebool "$@"
}

# restorecon -v FILE…
restorecon() {
  local path
  for path in "${@:2}"; do undo_by command chcon "$(stat -c %C "$path")" "$path"; done
  command restorecon "$@"
}

labels_are_right() { [[ -z $(command restorecon -nv "$@") ]]; }

# join_group_of NODE: add the user to the node's group; it takes effect at the next login.
join_group_of() {
  local group
  group=$(stat -c %G "$root$1")
  [[ $group != root ]] || fail "only root can access $1: NVreg_DeviceFileMode or a udev rule restricts it"
  usermod --append --groups "$group" "$person"
}

# usermod --append --groups GROUP PERSON
usermod() {
  [[ " $(id -nG "$4") " == *" $3 "* ]] || undo_by command gpasswd --delete "$4" "$3"
  command usermod "$@"
}

# take_variable_out NAME: comment the variable out in the files of a bash login; `:` keeps an if around it valid.
take_variable_out() {
  local path home found="" mark
  [[ $1 =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || fail "$1 is not a variable name"
  home=$(getent passwd "$person" | cut -d: -f6)
  for path in "$root"/etc/environment "$root"/etc/{profile,bashrc,bash.bashrc} "$root"/etc/profile.d/*.sh \
    "$root$home"/.{profile,bash_profile,bash_login,bashrc}; do
    [[ -f $path ]] || continue
    at "$path" grep -qE "^[[:space:]]*(export[[:space:]]+)?$1=" "$path" || continue
    if [[ $path == */etc/environment ]]; then mark="# "; else mark=": # "; fi
    at "$path" sed -E "s/^[[:space:]]*(export[[:space:]]+)?$1=/$mark&/" "$path" | tee "${path#"$root"}"
    found=yes
  done
  [[ -n $found || -d $state/$step.files ]] || fail "no login file sets $1: remove it where you set it"
}
