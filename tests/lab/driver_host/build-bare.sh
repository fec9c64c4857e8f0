# build-bare.sh FOLDER LAB MIRROR KEEP PACKAGE...: make a fresh Debian 13 in FOLDER, as its installer leaves one.
#
# All is unpacked in memory, where dpkg's syncing costs nothing. KEEP are options of apt that the root needs as well.
set -eu
folder=$1 lab=$2 mirror=$3 keep=$4
shift 4
work=$(mktemp -d)
mount -t tmpfs -o mode=755,size=99g work "$work"
trap 'umount --lazy --recursive "$work"; rmdir "$work"' EXIT
options=()
while IFS= read -r line; do [ -z "$line" ] || options+=(--aptopt="$line"); done <<<"$keep"
# the fastest packing: an initramfs is written for each state and read by no kernel
fast='mkdir -p "$1/etc/initramfs-tools/conf.d" && printf "COMPRESS=zstd\nCOMPRESSLEVEL=1\n" >"$1/etc/initramfs-tools/conf.d/fast"'
mmdebstrap --mode=root --variant=apt --quiet --components=main,contrib,non-free,non-free-firmware "${options[@]}" \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --dpkgopt=force-unsafe-io --essential-hook="$fast" \
  --customize-hook="bash '$lab/furnish.sh' \"\$1\" '$lab' '$mirror'" \
  --include="$(IFS=,; echo "$*")" trixie "$work/root" "$mirror"
cp -a "$work/root" "$folder"
