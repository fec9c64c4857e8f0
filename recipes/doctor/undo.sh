# Before a command changes something, it records the command that restores the present state. The undo phase runs these
# commands, last one first, and then regenerates what is made from files (initramfs, linker cache, boot menu). They are
# stored as words that end in NUL, never as shell text.

# undo_by COMMAND…: one file per command, moved into place, so that a kill never leaves an incomplete one.
undo_by() {
  local number
  mkdir -p "$state/$step.undo"
  number=$(find "$state/$step.undo" -type f -name '[0-9]*' | wc -l)
  printf '%s\0' "$@" | keep "$state/$step.undo/$(printf '%04d' "$number")"
}

# renew COMMAND…: run it now, and again after undo has restored the step's files.
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
