# build-driver.sh FOLDER LAB BARE PACKAGE...: put the layer that Debian's driver is on BARE into FOLDER, for an overlay.
set -eu
folder=$1 lab=$2 bare=$3
shift 3
work=$(mktemp -d)
mount -t tmpfs -o mode=755,size=99g work "$work"
trap 'umount --lazy --recursive "$work"; rmdir "$work"' EXIT
mkdir "$work/upper" "$work/work" "$work/root"
mount -t overlay -o "lowerdir=$bare,upperdir=$work/upper,workdir=$work/work" overlay "$work/root"
mount -t proc proc "$work/root/proc"
mount --bind "$lab/bin" "$work/root/usr/local/sbin"
inside() { chroot "$work/root" env PATH=/usr/local/sbin:/usr/sbin:/usr/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }
cp /etc/resolv.conf "$work/root/etc/resolv.conf"
sed -i 's/^Components:.*/Components: main contrib non-free non-free-firmware/' "$work/root/etc/apt/sources.list.d/debian.sources"
inside apt-get --quiet=2 update
inside apt-get --quiet=2 --yes --no-install-recommends install "$@" >"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2; exit 1; }
inside apt-get clean
inside dkms status
rm -rf "$work/root"/var/lib/apt/lists/* "$work/root"/var/cache/apt/*.bin
umount "$work/root/proc" "$work/root/usr/local/sbin"
umount "$work/root"
cp -a "$work/upper" "$folder"
