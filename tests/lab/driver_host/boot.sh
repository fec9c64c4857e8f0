# boot.sh [unloaded]: start the kernel that /srv/lab/kernel names, as far as files show it: which driver gets the card.
#
# A fresh start forgets what was loaded. nouveau comes where neither the initramfs nor modprobe.d forbids it: udev loads
# it from the initramfs first. Then NVIDIA's module is looked for and loaded, as udev's alias of the card would.
set -u
kernel=$(cat /srv/lab/kernel)
card=0000:01:00.0
device=/sys/devices/pci0000:00/0000:00:01.0/$card
rm -rf /sys/* /dev/nvidia* /proc/driver/* /run/reboot-required*
mkdir -p /sys/module /sys/bus/pci/devices /sys/bus/pci/drivers/nvidia /sys/bus/pci/drivers/nouveau /sys/kernel/security $device/power \
  /sys/class/dmi/id
echo '[none] integrity confidentiality' >/sys/kernel/security/lockdown
: >/proc/modules
echo "$kernel" >/proc/sys/kernel/osrelease
echo 0 >/proc/sys/kernel/tainted
echo "Linux version $kernel (debian-kernel@lists.debian.org) (x86_64-linux-gnu-gcc-14 (Debian 14.2.0-19) 14.2.0, GNU ld (GNU Binutils for Debian) 2.44) #1 SMP PREEMPT_DYNAMIC Debian" >/proc/version
echo "BOOT_IMAGE=/boot/vmlinuz-$kernel root=UUID=0 ro quiet$(sed -n 's/^GRUB_CMDLINE_LINUX="\(.\+\)"$/ \1/p' /etc/default/grub 2>/dev/null)" >/proc/cmdline
ln -s ../../../devices/pci0000:00/0000:00:01.0/$card /sys/bus/pci/devices/$card
for pair in vendor=0x10de device=0x2684 subsystem_vendor=0x10de subsystem_device=0x1889 class=0x030000 numa_node=-1 enable=1 \
  'current_link_speed=16.0 GT/s PCIe' 'max_link_speed=16.0 GT/s PCIe' current_link_width=16 max_link_width=16 \
  power/runtime_status=active local_cpulist=0-1 revision=0xa1; do
  echo "${pair#*=}" >"$device/${pair%%=*}"
done
printf '%s\n' '0x00000000f6000000 0x00000000f6ffffff 0x0000000000040200' '0x0000006000000000 0x00000067ffffffff 0x000000000014220c' \
  '0x0000000000000000 0x0000000000000000 0x0000000000000000' '0x0000006800000000 0x0000006801ffffff 0x000000000014220c' \
  '0x0000000000000000 0x0000000000000000 0x0000000000000000' '0x000000000000e000 0x000000000000e07f 0x0000000000040101' \
  '0x0000000000000000 0x0000000000000000 0x0000000000000000' >$device/resource
if [ -e /srv/firmware/secure-boot ]; then
  mkdir -p /sys/firmware/efi/efivars
  printf '\6\0\0\0\1' >/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c
  printf '\6\0\0\0' | cat - /srv/firmware/enrolled >/sys/firmware/efi/efivars/MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23 2>/dev/null
fi
bind() { ln -sfn "../../../../bus/pci/drivers/$1" "$device/driver"; }

forbids() { grep -RqsE '^[[:space:]]*(blacklist[[:space:]]+nouveau|(alias|install)[[:space:]]+nouveau[[:space:]]+(off|/bin/false))' "$@"; }
# an initramfs keeps links of modprobe.d as links (grep -R follows them)
initramfs_has_nouveau() {
  local image=/boot/initrd.img-$kernel folder
  [ -e "$image" ] || return 1
  lsinitramfs "$image" 2>/dev/null | grep -q '/nouveau\.ko' || return 1
  folder=$(mktemp -d)
  unmkinitramfs "$image" "$folder" 2>/dev/null
  ! forbids "$folder"/etc/modprobe.d "$folder"/main/etc/modprobe.d "$folder"/usr/lib/modprobe.d "$folder"/main/usr/lib/modprobe.d
  local result=$?
  rm -rf "$folder"
  return $result
}
if grep -q 'blacklist=nouveau' /proc/cmdline; then nouveau=no
elif initramfs_has_nouveau; then nouveau=yes
elif /usr/sbin/modprobe --showconfig | grep -qxE 'blacklist nouveau|alias nouveau off'; then nouveau=no
else nouveau=yes; fi
if [ $nouveau = yes ]; then
  echo 'nouveau 3000000 1 - Live 0x0000000000000000' >>/proc/modules
  mkdir -p /sys/module/nouveau
  bind nouveau
  exit
fi
# as where nothing asked for the module yet
[ "${1:-}" != unloaded ] || exit 0
modprobe nvidia && [ -e /sys/module/nvidia ] || exit 0
for module in nvidia-modeset nvidia-drm nvidia-uvm; do modprobe $module || :; done
exec sh /srv/lab/loaded.sh
