# ── what the repositories are configured to do ──────────────────────────────────────────────────────────────────────

# sources: release as configured, code name, component, address and origin of everything that apt gets lists of packages from,
# with a | between them.
sources() {
  # shellcheck disable=SC2016 # apt puts the values in
  apt-get indextargets --format '$(RELEASE)|$(CODENAME)|$(COMPONENT)|$(REPO_URI)|$(ORIGIN)' 'Created-By: Packages' 2>/dev/null | sort -u || :
}

# has_source ADDRESS SUITE [COMPONENT]
has_source() {
  sources | ADDRESS=${1%/} SUITE=$2 COMPONENT=${3:-} awk -F '|' '
    { sub(/\/$/, "", $4) }
    $4 == ENVIRON["ADDRESS"] && ($1 == ENVIRON["SUITE"] || $2 == ENVIRON["SUITE"]) &&
      (ENVIRON["COMPONENT"] == "" || $3 == ENVIRON["COMPONENT"]) { found = 1 }
    END { exit !found }'
}

# archive_of SUITE: where this host gets the distribution itself from, which may be a mirror; "" where that is not known, or not
# yet. Sources of others name a suite like the distribution's own, but not its origin, which a mirror keeps.
archive_of() {
  local ours
  ours=$(sed -n 's/^ID=//p' "$root/etc/os-release" | tr -d "\"'")
  sources | SUITE=$1 ORIGIN=$ours awk -F '|' '
    ($1 == ENVIRON["SUITE"] || $2 == ENVIRON["SUITE"]) && $3 == "main" && tolower($5) == ENVIRON["ORIGIN"] && $4 !~ /^cdrom:/ {
      print $4; exit }'
}

# signed_by ADDRESS: the Signed-By that sources of this address have, since apt refuses two values for one; "" for none. Source:
# apt's debReleaseIndex::SetSignedBy, "Conflicting values set for option Signed-By".
signed_by() {
  local -a files
  mapfile -t files < <(find "$root/etc/apt/sources.list" "$root/etc/apt/sources.list.d" -name '*.list' 2>/dev/null || :)
  ADDRESS=${1%/} awk '$1 == "deb" && match($0, /signed-by=[^] \t]+/) && index($0, ENVIRON["ADDRESS"]) {
    print substr($0, RSTART + 10, RLENGTH - 10); exit }' /dev/null "${files[@]}"
  mapfile -t files < <(find "$root/etc/apt/sources.list.d" -name '*.sources' 2>/dev/null || :)
  ADDRESS=${1%/} awk '
    function flush() { if (here && key != "" && !said) { print key; said = 1 } here = 0; key = "" }
    /^[ \t]*$/ || FNR == 1 { flush() }
    tolower($1) == "uris:" && index($0, ENVIRON["ADDRESS"]) { here = 1 }
    tolower($1) == "signed-by:" { key = NF > 1 ? $2 : "(a key in the file itself)" }
    END { flush() }' /dev/null "${files[@]}"
}

# source_text ADDRESS SUITE COMPONENTS KEY: one source in the form of deb822.
source_text() {
  say '# Written by gpusetup.'
  printf 'Types: deb\nURIs: %s\nSuites: %s\n' "$1" "$2"
  [[ -z $3 ]] || printf 'Components: %s\n' "$3"
  printf 'Architectures: %s\n' "$(dpkg --print-architecture)"
  [[ -z $4 ]] || printf 'Signed-By: %s\n' "$4"
}

# lists_of FILE [WHICH]: the lists that apt keeps for the source in FILE, of packages and their translations.
lists_of() {
  # shellcheck disable=SC2016 # apt puts the value in
  apt-get indextargets --option "Dir::Etc::sourcelist=$1" --option Dir::Etc::sourceparts=- --format '$(FILENAME)' "${@:2}"
}

# refresh_lists FILE: get the lists of this source alone; those of the others stay.
refresh_lists() {
  wait_for_apt && apt_with --option "Dir::Etc::sourcelist=$1" --option Dir::Etc::sourceparts=- --option APT::Get::List-Cleanup=0 \
    --option APT::Update::Error-Mode=any update
}
