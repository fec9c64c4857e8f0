# ── downloads ───────────────────────────────────────────────────────────────────────────────────────────────────

# Large downloads are kept here until they are installed.
# shellcheck disable=SC2034 # used by the steps that download
cache=$root/var/cache/gpusetup

# unpack_on_disk: let programs unpack in a folder of the system's disk that only root can enter. /tmp may be in memory, at
# most half of it, and open to all users.
unpack_on_disk() {
  (umask 077 && mkdir -p "$cache/tmp") || return
  only_roots "$cache/tmp" || return
  export TMPDIR=$cache/tmp
}

# empty_cache: remove what was unpacked there.
empty_cache() {
  rm -rf "$cache/tmp"
  rmdir --ignore-fail-on-non-empty "$cache" 2>/dev/null || :
}

# The name of a downloaded file in a bundle is derived from its URL.
bundled() { say "files/${1//[^A-Za-z0-9._-]/_}"; }

# fetch URL FILE
fetch() {
  if [[ -n $bundle ]]; then
    cp "$bundle/$(bundled "$1")" "$2"
  else
    curl --fail --silent --show-error --location --proto '=https' --tlsv1.2 --retry 3 --output "$2" "$1"
  fi
}

# fetch_verified URL SHA256 FILE: downloads FILE, and fails unless it has this SHA-256.
fetch_verified() {
  if [[ -e $3 ]] && sha256sum --check --status <<<"$2  $3"; then return; fi
  mkdir -p "$(dirname "$3")"
  only_roots "$3" # no other user may change it between this check and its use
  fetch "$1" "$3.new"
  if ! sha256sum --check --status <<<"$2  $3.new"; then
    rm -f "$3.new"
    fail "the download from $1 does not have the recorded SHA-256 $2: it was deleted"
  fi
  mv -f "$3.new" "$3"
}

# fingerprint FILE: of the only public key in FILE; rpm would import a second key without a check.
fingerprint() {
  local keys home
  home=$(mktemp -d)
  keys=$(gpg --homedir "$home" --show-keys --with-colons "$1" 2>/dev/null || :)
  rm -rf "$home"
  [[ $(grep -c '^pub:' <<<"$keys") == 1 ]] || fail "the key file does not contain exactly one key"
  awk -F: '$1 == "fpr" { print $10; exit }' <<<"$keys"
}

# trusted ID KEYID PINNED FOUND: compares with the pinned fingerprint; if none is published, asks the user.
trusted() {
  local answer=""
  if [[ -n $3 ]]; then
    [[ $4 == "$3" ]] || fail "the key of $1 has the fingerprint $4, not $3: it is not trusted"
    return
  fi
  [[ $4 == *"$2" ]] || fail "the key of $1 has the fingerprint $4, which does not end in $2: it is not trusted"
  [[ ${GPUSETUP_TRUST_KEY:-} != "$4" ]] || return 0
  if [[ -t 0 ]]; then
    say "No known source publishes the full fingerprint of the key of $1. The downloaded key has $4."
    read -r -p "Compare it with the owner's information. Type yes to trust it: " answer
  fi
  [[ $answer == yes ]] || fail "the key of $1 is not trusted; to trust it, run again with GPUSETUP_TRUST_KEY=$4"
}
