# A command that changes something notes first, as the words of a command, how to come back to what is there now. A step's
# undo runs these commands, the last first; then what is made from files (initramfs, linker cache, boot menu) is made anew.
# They are never text for a shell to read: each word ends in a NUL, which no word can hold.

# undo_by COMMAND…: each is a file of its own that is moved into place, so that a kill never leaves half of one.
undo_by() {
  local number
  mkdir -p "$state/$step.undo"
  number=$(find "$state/$step.undo" -type f -name '[0-9]*' | wc -l)
  printf '%s\0' "$@" | keep "$state/$step.undo/$(printf '%04d' "$number")"
}

# renew COMMAND…: now, and once more when the step's files are back.
renew() {
  printf '%s\0' "$@" | keep "$state/$step.renew/$(cksum <<<"$*" | cut -d' ' -f1)"
  command "$@"
}

take_back() {
  local file files words
  only_roots "$state/$step.undo"
  mapfile -t files < <(find "$state/$step.undo" -type f -name '[0-9]*' 2>/dev/null | sort -r)
  for file in "${files[@]}"; do
    mapfile -d '' -t words <"$file"
    "${words[@]}"
    rm -f "$file"
  done
  mapfile -t files < <(find "$state/$step.renew" -type f -name '[0-9]*' 2>/dev/null)
  for file in "${files[@]}"; do
    mapfile -d '' -t words <"$file"
    command "${words[@]}"
    rm -f "$file"
  done
  rm -rf "$state/$step.undo" "$state/$step.renew"
}
