# ── files ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# keep_file PATH: save the file for undo, and for a link also its target.
keep_file() {
  local path
  path=$(behind "$1")
  undo_by restore_files "$step"
  put_aside "$step" "$1"
  [[ $path == "$1" ]] || put_aside "$step" "$path"
}

# kept_file_is PATH: record the present content of a saved file as written by this step.
kept_file_is() {
  local path
  path=$(behind "$1")
  is_ours "$step" "$1"
  [[ $path == "$1" ]] || is_ours "$step" "$path"
}

tee() {
  undo_by restore_files "$step"
  write_file "$step" "$1"
}

# move_stray PATH: move a file away that belongs to no package.
move_stray() {
  ! package_owns "$1" || fail "$1 belongs to a package: remove the package instead"
  move_away "$1"
}

# move_away PATH: move the file away, and its target in the same folder, from which ldconfig would recreate the link.
move_away() {
  local path target
  only_roots "$root${1%/*}/"
  target=$(readlink -f "$root$1")
  target=${target#"$root"}
  if [[ ${target%/*} != "${1%/*}" ]]; then target=$1; fi
  for path in "$1" "$target"; do
    [[ -e $root$path || -L $root$path ]] || continue
    mkdir -p "$(dirname "$state/$step.away$path")"
    undo_by bring_back "$path"
    mv -fT "$root$path" "$state/$step.away$path"
  done
}

bring_back() {
  local away=$state/$step.away$1
  only_roots "$root${1%/*}/"
  if [[ ! -e $root$1 && ! -L $root$1 && (-e $away || -L $away) ]]; then mv -fT "$away" "$root$1"; fi
  find "$state/$step.away" -type d -empty -delete 2>/dev/null || :
}

# ── modprobe.d: a file in /etc overrides the packaged one of the same name ────────────────────────────────────

# take_line_out PATH LINE
take_line_out() {
  local path=/etc/modprobe.d/${1##*/} text
  text=$(LINE=$2 awk '{ line = $0; gsub(/^[ \t]+|[ \t]+$/, "", line) } line != ENVIRON["LINE"]' "$root$1")
  say "$text" | tee "$path"
}

# take_option_out NAME: remove the module option from every file that sets it.
take_option_out() {
  local folder path text found=""
  local -A seen=()
  for folder in /etc /run /usr/local/lib /usr/lib /lib; do
    for path in "$root$folder"/modprobe.d/*.conf; do
      [[ -e $path && -z ${seen[${path##*/}]:-} ]] || continue
      seen[${path##*/}]=1
      text=$(NAME=$1 awk '
        $1 == "options" {
          kept = $1
          gone = 0
          for (i = 2; i <= NF; i++) if (index($i, ENVIRON["NAME"] "=") == 1) gone = 1; else kept = kept " " $i
          if (gone) $0 = kept
        }
        { print }' "$path")
      if [[ $text != "$(<"$path")" ]]; then
        say "$text" | tee "/etc/modprobe.d/${path##*/}"
        found=yes
      fi
    done
  done
  [[ -n $found || -d $state/$step.files ]] || fail "no file in modprobe.d sets $1: look at the kernel arguments in /proc/cmdline"
}

# ── the linker ────────────────────────────────────────────────────────────────────────────────────────────────────

ldconfig() { renew ldconfig -r "${root:-/}"; }

# take_folder_out FOLDER: remove the folder from the linker's configuration.
take_folder_out() {
  local path text found=""
  for path in "$root"/etc/ld.so.conf "$root"/etc/ld.so.conf.d/*.conf; do
    [[ -e $path ]] || continue
    text=$(FOLDER=$1 awk '{ line = $1; sub(/\/$/, "", line) } line != ENVIRON["FOLDER"]' "$path")
    if [[ $text != "$(<"$path")" ]]; then
      say "$text" | tee "${path#"$root"}"
      found=yes
    fi
  done
  [[ -n $found || -d $state/$step.files ]] || fail "no file in /etc/ld.so.conf.d contains $1"
}
