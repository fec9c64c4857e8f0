# Functions and words of the states.
set -e
VERSION=$(dpkg-query --show --showformat '${Version}' nvidia-kernel-dkms | sed 's/-.*//')
# newer_kernel [linux-headers]: the kernel of Debian's security updates, as a real update brings it.
newer_kernel() {
  printf '%s\n' 'Types: deb' "URIs: $(sed -n 's/^URIs: //p' /etc/apt/sources.list.d/debian.sources)-security" \
    'Suites: trixie-security' 'Components: main' 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg' \
    >/etc/apt/sources.list.d/security.sources
  apt-get update >/dev/null
  NEWER=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: linux-image-//p' | head -n 1)
  local image=linux-image-$NEWER
  [[ -z ${1:-} ]] || image="$image linux-headers-$NEWER"
  # the hooks of a kernel run DKMS as apt does it
  apt-get install -y --no-install-recommends $image
}
