# Shell functions for the doctor's remedies, whose commands are those that it prints for a person to type. Each step
# sets `step` to its id, `rule` to the rule that found something and `python` to the interpreter that has gpusetup.

# The check of each step: the rule that found something is asked again and finds nothing.
found_nothing() {
  "$python" -P -m gpusetup doctor --sysroot "${root:-/}" --only "$rule" --fail-on info >/dev/null
}

# Whoever carries a remedy out is root already.
sudo() { "$@"; }

# What a person would be asked has been agreed to as a whole. Packages that were there before stay when it is undone.
dnf() {
  local status=0
  remember_packages_before "$step" || return
  command dnf -y "$@" || status=$?
  package_names | keep "$state/$step.after" || return
  return "$status"
}

tee() { write_file "$step" "$1" 644; }
