# start.sh HERE FOLDER LAYERS CHECKOUT DEPENDENCIES: mount the root on its layers, with kernel files that a state may write.
set -euo pipefail
here=$1 lab=$2 layers=$3 checkout=$4 dependencies=$5
mount -t tmpfs -o mode=755,size=99g lab "$lab"
mkdir "$lab"/{upper,work,root,below}
case $layers in
  *:*) mount -t overlay -o "lowerdir=$layers" below "$lab/below" ;;
  *) mount --bind "$layers" "$lab/below" ;;
esac
mount -t overlay -o "lowerdir=$layers,upperdir=$lab/upper,workdir=$lab/work" overlay "$lab/root"
root=$lab/root
cp "$here"/bin/* "$root/usr/local/sbin/"
cp "$here"/{boot,loaded}.sh "$root/srv/lab/"
mkdir -p "$root"/srv/{proc,gpusetup,dependencies}
mount --bind "$checkout" "$root/srv/gpusetup" && mount -o remount,ro,bind "$root/srv/gpusetup"
mount --bind "$dependencies" "$root/srv/dependencies"
# What the kernel shows of itself is the state's; all else is that of the kernel that runs.
mount -t proc proc "$root/srv/proc"
mount -t tmpfs proc "$root/proc"
for entry in self thread-self mounts filesystems meminfo stat cpuinfo uptime loadavg swaps partitions; do
  ln -s "/srv/proc/$entry" "$root/proc/$entry"
done
# bash and others look for a process of theirs by its number; what ended leads nowhere
seq -f /srv/proc/%.0f 32768 | xargs ln -s -t "$root/proc"
mkdir -p "$root"/proc/sys/kernel "$root"/proc/driver
for entry in /proc/sys/*; do [[ $entry == */kernel ]] || ln -s "/srv$entry" "$root$entry"; done
for entry in /proc/sys/kernel/*; do ln -s "/srv$entry" "$root$entry"; done
rm "$root"/proc/sys/kernel/{osrelease,tainted}
mount -t tmpfs sys "$root/sys"
mount -t tmpfs -o mode=755 dev "$root/dev"
for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "$root/dev/${node%:*}" c 1 "${node#*:}"; done
mknod -m 666 "$root/dev/tty" c 5 0
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
mkdir "$root"/dev/{shm,pts}
mount -t devpts devpts "$root/dev/pts"
cp /etc/resolv.conf "$root/etc/resolv.conf"
[[ -z $(ip link show lo 2>/dev/null) ]] || ip link set lo up
echo ready
read -r || :  # until the other end of its input is closed
