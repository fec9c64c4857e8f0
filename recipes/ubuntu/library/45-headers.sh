# kernel_flavour KERNEL: what its packages are named after, ``generic`` or ``generic-hwe-24.04``: the name of the package that
# brings each later kernel of its kind. "" where none does.
kernel_flavour() {
  { dpkg-query --show --showformat '${db:Status-Status}|${Package}|${Depends},\n' 'linux-image-*' 2>/dev/null || :; } |
    KERNEL=$1 awk -F '|' '
      $1 == "installed" && $2 !~ /^linux-image-(unsigned-)?[0-9]/ && match($3, "linux-image-(unsigned-)?" ENVIRON["KERNEL"] "[ ,|]") {
        sub(/^linux-image-/, "", $2); print $2; exit }'
}

# kernel_headers KERNEL: the packages with its headers, and that which brings those of each later kernel of its kind.
kernel_headers() {
  local flavour
  say "linux-headers-$1"
  flavour=$(kernel_flavour "$1")
  [[ -z $flavour ]] || say "linux-headers-$flavour"
}
