# A command that changes something notes first, as one line of shell, how to come back to what is there now. A step's
# undo runs these lines, the last first; then what is made from files (initramfs, linker cache, boot menu) is made anew.

# undo_by COMMAND…: each line is a file of its own that is moved into place, so that a kill never leaves half of one.
undo_by() {
  local number
  mkdir -p "$state/$step.undo"
  number=$(find "$state/$step.undo" -type f | wc -l)
  printf '%q ' "$@" | keep "$state/$step.undo/$(printf '%04d' "$number")"
}

# renew COMMAND…: now, and once more when the step's files are back.
renew() {
  printf '%q ' "$@" | keep "$state/$step.renew/$(cksum <<<"$*" | cut -d' ' -f1)"
  command "$@"
}

take_back() {
  local line lines
  mapfile -t lines < <(find "$state/$step.undo" -type f ! -name '*.new' 2>/dev/null | sort -r)
  for line in "${lines[@]}"; do
    eval "$(<"$line")"
    rm -f "$line"
  done
  mapfile -t lines < <(find "$state/$step.renew" -type f ! -name '*.new' 2>/dev/null)
  for line in "${lines[@]}"; do
    eval "command $(<"$line")"
    rm -f "$line"
  done
  rm -rf "$state/$step.undo" "$state/$step.renew"
}
