# ── modules ───────────────────────────────────────────────────────────────────────────────────────────────────────

modprobe() {
  grep -q "^${1//-/_} " "$root/proc/modules" || undo_by unload "${1//-/_}"
  command modprobe "$@"
}

# A module in use stays loaded until the next boot.
unload() {
  case $(awk -v "name=$1" '$1 == name { print $3 }' "$root/proc/modules") in
    "") ;;
    0) command modprobe -r "$1" ;;
    **) say "$1 is in use and stays loaded until the next boot" ;;
  esac
}

# needs_module: without the other driver and without this one, the system would have only the firmware's framebuffer.
needs_module() {
  local name
  for name in nvidia nvidia-current nvidia-current-open nvidia-open; do # Debian names them by their flavour
    ! modinfo -k "$(uname -r)" -F version "$name" >/dev/null 2>&1 || return 0
  done
  fail "there is no nvidia module for this kernel: build it first"
}

dracut() { renew dracut "$@"; }
update-initramfs() { renew update-initramfs "$@"; }

# ── kernel arguments ────────────────────────────────────────────────────────────────────────────────────────────

# grubby --update-kernel=ALL --args=… or --remove-args=…; an argument replaces the existing one of the same name.
grubby() {
  local words word old="" asked=${2#*=}
  read -ra words <<<"$asked"
  for word in "${words[@]}"; do old+=" $(arguments_like "${word%%=*}")"; done
  read -r old <<<"$old" || :
  [[ -z $old ]] || undo_by command grubby --update-kernel=ALL --args="$old"
  [[ $2 == --remove-args=* ]] || undo_by command grubby --update-kernel=ALL --remove-args="$asked"
  command grubby "$@"
}

# arguments_like NAME: the arguments of that name of the kernel that boots next.
arguments_like() {
  command grubby --info=DEFAULT | sed -n 's/^args="\(.*\)"$/\1/p' | tr ' ' '\n' |
    NAME=$1 awk 'index($0 "=", ENVIRON["NAME"] "=") == 1' | paste -sd' '
}

# boot_arguments add|drop WORD: in /etc/default/grub, from which the boot menu is generated.
boot_arguments() {
  local file=/etc/default/grub text
  [[ -e $root$file ]] || fail "$file does not exist: $1 $2 where your boot loader keeps the kernel arguments"
  text=$(ACTION=$1 WORD=$2 awk '
    /^GRUB_CMDLINE_LINUX(_DEFAULT)?=/ {
      name = substr($0, 1, index($0, "="))
      value = substr($0, length(name) + 1)
      quote = substr(value, 1, 1)
      if (quote == "\"" || quote == "\047") value = substr(value, 2, length(value) - 2)
      else quote = "\""
      count = split(value, words, " ")
      kept = ""
      for (i = 1; i <= count; i++) if (words[i] != ENVIRON["WORD"]) kept = kept (kept == "" ? "" : " ") words[i]
      if (ENVIRON["ACTION"] == "add" && name == "GRUB_CMDLINE_LINUX=") kept = kept (kept == "" ? "" : " ") ENVIRON["WORD"]
      $0 = name quote kept quote
    }
    { print }' "$root$file")
  [[ $text == *"$2"* || $1 == drop ]] || fail "$file has no GRUB_CMDLINE_LINUX line for $2"
  [[ $1 == add || -d $state/$step.files ]] || grep -qF -- "$2" "$root$file" || fail "$2 is not in $file: remove it from where your boot loader keeps it"
  say "$text" | tee "$file"
  if [[ -e $root/boot/grub2 ]]; then renew grub2-mkconfig -o "$root/boot/grub2/grub.cfg"; else renew update-grub; fi
}

# ── Secure Boot keys ──────────────────────────────────────────────────────────────────────────────────────────────

kmodgenca() {
  undo_by remove_new_files /etc/pki/akmods "$(files_below /etc/pki/akmods)"
  command kmodgenca "$@"
}

files_below() { find "$root$1" ! -type d 2>/dev/null | sort || :; }

# remove_new_files FOLDER BEFORE
remove_new_files() {
  local path
  while read -r path; do rm -f "$path"; done < <(comm -13 <(say "$2") <(files_below "$1"))
}

mokutil() {
  local key=${!#}
  [[ $(LC_ALL=C command mokutil --test-key "$key" 2>&1 || :) != *"is already"* ]] || return 0
  [[ -t 0 || -n $root ]] || fail "enrolling a key needs a password: run sudo mokutil --import $key in a terminal, and then this again"
  say "Choose a password of at least 8 characters; you enter it again on the blue screen at the next boot."
  undo_by forget_request "$key"
  command mokutil "$@"
}

forget_request() {
  case $(LC_ALL=C command mokutil --test-key "$1" 2>&1 || :) in
    *"enrollment request"*) command mokutil --revoke-import ;;
    *"already enrolled"*) say "The key is enrolled; to remove it: sudo mokutil --delete $1, then reboot." ;;
  esac
}
