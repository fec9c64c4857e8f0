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
