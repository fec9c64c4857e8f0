# repo_text ID KEYFILE OPTION=VALUE…: one section of a .repo file.
repo_text() {
  printf '[%s]\n' "$1"
  printf '%s\n' "${@:3}" "gpgkey=file://$2"
}
