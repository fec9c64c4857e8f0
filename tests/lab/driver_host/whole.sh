# whole.sh PACKAGE...: on the bare root, install Debian's driver with NVIDIA's own sources, and keep how long DKMS took.
set -euo pipefail
for makefile in /usr/src/nvidia-*/Makefile; do
  rm -r "${makefile%/*}"
  dpkg-divert --quiet --local --no-rename --remove "$makefile"
done
sed -i 's/^Components:.*/Components: main contrib non-free non-free-firmware/' /etc/apt/sources.list.d/debian.sources
apt-get --quiet=2 update
apt-get --quiet=2 --yes --no-install-recommends install "$@"
grep --no-filename 'elapsed time' /var/lib/dkms/nvidia-current/*/*/*/log/make.log >/root/elapsed
