# furnish.sh ROOT LAB MIRROR: make of a bootstrapped ROOT, whose lists of packages are still there, what an installer leaves.
set -eu
root=$1 lab=$2 mirror=$3
mkdir -p "$root/srv/lab"
cp -r "$lab/module" "$lab/short-sources.sh" "$root/srv/lab/"
# the version of each source is the mirror's, so that the short modules stand where DKMS will look for them
while IFS=: read -r package name licence; do
  version=$(chroot "$root" apt-cache show --no-all-versions "$package" | sed -n 's/^Version: \(.*\)-.*/\1/p')
  chroot "$root" sh /srv/lab/short-sources.sh "$name" "$version" "$licence"
done <<'END'
nvidia-kernel-dkms:nvidia-current:NVIDIA
nvidia-open-kernel-dkms:nvidia-current-open:Dual MIT/GPL
nvidia-tesla-535-kernel-dkms:nvidia-tesla-535:NVIDIA
END
rm -f "$root/etc/apt/sources.list" "$root"/etc/apt/sources.list.d/*
printf '%s\n' 'Types: deb' "URIs: $mirror" 'Suites: trixie' 'Components: main non-free-firmware' \
  'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg' >"$root/etc/apt/sources.list.d/debian.sources"
ls "$root/lib/modules" >"$root/srv/lab/kernel"
mkdir -p "$root/etc/default"
printf '%s\n' 'GRUB_DEFAULT=0' 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"' 'GRUB_CMDLINE_LINUX=""' >"$root/etc/default/grub"
