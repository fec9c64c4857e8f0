# in-registry.sh ROOT COMMAND…: runs COMMAND in ROOT, in namespaces of its own, where the registry that ROOT has is all there is
# of the internet. Apptainer wants every capability, which only the root of a user namespace is sure to have.
set -euo pipefail
root=$1
unshare --user sleep infinity &
users=$!
trap 'kill "$users"' EXIT
until [[ $(readlink "/proc/$users/ns/user") != "$(readlink /proc/self/ns/user)" ]]; do sleep 0.1; done
echo 0 0 65536 >"/proc/$users/uid_map"
echo 0 0 65536 >"/proc/$users/gid_map"
nsenter --user --target "$users" --setuid 0 --setgid 0 \
  unshare --net --mount --pid --fork --kill-child --propagation private bash -c '
set -euo pipefail
root=$1
shift
ip link set lo up
mount --rbind "$root" "$root"
cd "$root"
mkdir -p before
mount -t proc proc proc
mount --rbind /dev dev
mount -t sysfs sys sys
pivot_root . before
umount --lazy /before
cd /root
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root SSL_CERT_FILE=/etc/lab/cert.pem
unset TMPDIR
docker-registry serve /etc/lab/registry.yml >/etc/lab/registry.log 2>&1 &
until (exec 3<>/dev/tcp/127.0.0.1/443) 2>/dev/null; do sleep 0.1; done
"$@"' bash "$@"
