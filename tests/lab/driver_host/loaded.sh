# loaded.sh: what NVIDIA's module leaves in /proc, /sys and /dev once it drives the card.
set -u
card=0000:01:00.0
version=$(cat /sys/module/nvidia/version)
ln -sfn ../../../../bus/pci/drivers/nvidia /sys/devices/pci0000:00/0000:00:01.0/$card/driver
mkdir -p /proc/driver/nvidia/gpus/$card
case $(/usr/sbin/modinfo -k "$(uname -r)" -F license "$(/usr/sbin/modprobe --set-version="$(uname -r)" --show-depends nvidia | sed -n 's/^insmod \([^ ]*\).*/\1/p;s/.*modprobe -i \(nvidia[^ ]*\).*/\1/p' | tail -n 1)") in
  Dual*) what='NVIDIA UNIX Open Kernel Module for x86_64' ;;
  *) what='NVIDIA UNIX x86_64 Kernel Module' ;;
esac
echo "NVRM version: $what  $version  Release Build  (build@lab)
GCC version:  gcc version 14.2.0 (Debian 14.2.0-19)" >/proc/driver/nvidia/version
printf '%s\n' 'ModifyDeviceFiles: 1' 'DeviceFileUID: 0' 'DeviceFileGID: 0' 'DeviceFileMode: 438' 'PreserveVideoMemoryAllocations: 0' >/proc/driver/nvidia/params
printf '%s\n' 'Model: 		 NVIDIA GeForce RTX 4090' 'Bus Location: 	 0000:01:00.0' 'Device Minor: 	 0' 'GPU Excluded:	 No' \
  >/proc/driver/nvidia/gpus/$card/information
printf '%s\n' 'Character devices:' '  1 mem' '195 nvidia-frontend' '235 nvidia-uvm' '' 'Block devices:' '  8 sd' >/proc/devices
rm -f /dev/nvidia*
mknod -m 666 /dev/nvidia0 c 195 0
mknod -m 666 /dev/nvidiactl c 195 255
mknod -m 666 /dev/nvidia-modeset c 195 254
mknod -m 666 /dev/nvidia-uvm c 235 0
mknod -m 666 /dev/nvidia-uvm-tools c 235 1
