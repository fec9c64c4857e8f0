# ── what the repositories are configured to do ──────────────────────────────────────────────────────────────────────

# repo_files, repo_overrides: in the order in which they apply, so that the last value counts. Of two overrides of one name
# that in /etc counts. Source: dnf5.conf(5); the order was seen with dnf5 5.4.6.
repo_files() {
  find "$root"/etc/yum.repos.d "$root"/etc/distro.repos.d "$root"/usr/share/dnf5/repos.d \
    -maxdepth 1 -name '*.repo' 2>/dev/null | LC_ALL=C sort || :
}
repo_overrides() {
  { find "$root"/usr/share/dnf5/repos.override.d "$root"/etc/dnf/repos.override.d -maxdepth 1 -name '*.repo' -printf '%f\t%p\n' 2>/dev/null || :; } |
    LC_ALL=C sort -s -t $'\t' -k 1,1 |
    awk -F '\t' '$1 != name && path != "" { print path } { name = $1; path = $2 } END { if (path != "") print path }'
}

repo_ids() {
  local -a files
  mapfile -t files < <(repo_files)
  sed -n 's/^\[\([^]]*\)\].*/\1/p' /dev/null "${files[@]}" | { grep -vxF main || :; }
}

# repo_settings ID: FILE, KEY and VALUE of everything that is set for a repository. In an override a section can be a pattern,
# and two keys have another name in dnf 5.
repo_settings() {
  local -a files
  mapfile -t files < <(repo_files && repo_overrides)
  ID=$1 awk '
    function fits(section) {
      gsub(/[.+$(){}|]/, "[&]", section); gsub(/[*]/, ".*", section); gsub(/[?]/, ".", section)
      return ENVIRON["ID"] ~ ("^(" section ")$")
    }
    function flush() { if (key != "") print FILE "\t" key "\t" value; key = "" }
    FNR == 1 { flush(); inside = 0; FILE = FILENAME }
    /^\[/ { flush(); sub(/^\[/, ""); sub(/\].*/, ""); inside = fits($0); next }
    /^[#;]/ || !inside { next }
    /^[ \t]/ { value = value " " $0; next }
    /=/ {
      flush(); key = $0; sub(/[ \t]*=.*/, "", key); value = $0; sub(/^[^=]*=[ \t]*/, "", value)
      if (key == "pkg_gpgcheck") key = "gpgcheck"
      if (key == "exclude") key = "excludepkgs"
    }
    END { flush() }' /dev/null "${files[@]}"
}

# repo_option ID KEY: the value that applies, "" where none is set.
repo_option() { repo_settings "$1" | KEY=$2 awk -F '\t' '$2 == ENVIRON["KEY"] { value = $3 } END { print value }'; }

# overridden ID: what the overrides set of that on which the recipe depends.
overridden() {
  repo_settings "$1" | awk -F '\t' '$1 ~ /\/repos[.]override[.]d\// && $2 ~ /^(gpgcheck|repo_gpgcheck|enabled|excludepkgs)$/ { print $2 "=" $3 " in " $1 }'
}

turned_on() { [[ ${1,,} == @(1|yes|true|on|enabled) ]]; }
turned_off() { [[ ${1,,} == @(0|no|false|off|disabled) ]]; }

# signature_options: so that no override switches off the checks for which the .repo files ask: options of the command count
# last (seen with dnf5 5.4.6).
signature_options() {
  local -a files
  [[ -n $(repo_overrides) ]] || return 0
  mapfile -t files < <(repo_files)
  awk -F '[ \t]*=[ \t]*' '
    /^\[/ { id = $0; sub(/^\[/, "", id); sub(/\].*/, "", id); next }
    $1 ~ /^(gpgcheck|pkg_gpgcheck|repo_gpgcheck)$/ && tolower($2) ~ /^(1|yes|true|on|enabled)[ \t]*$/ {
      print "--setopt=" id "." ($1 == "repo_gpgcheck" ? $1 : "gpgcheck") "=1"
    }' /dev/null "${files[@]}"
}
