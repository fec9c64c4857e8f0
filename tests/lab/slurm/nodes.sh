# nodes.sh FOLDER COUNT: a cluster of COUNT nodes n1…, in namespaces of its own; then runs FOLDER/scenario.sh, whose functions
# are below. The program `gpusetup` of a node is FOLDER/nodes/NAME/gpusetup.
set -euo pipefail
cd "$1"
hostname lab
ip link set lo up
ip link add lab0 type veth peer name lab1
ip addr add 10.99.0.1/24 dev lab0
ip link set lab0 up
ip link set lab1 up
mkdir -p state bin
(umask 077 && head -c 64 /dev/urandom >munge.key)
for ((number = 1; number <= $2; number++)); do
  echo "NodeName=n$number NodeHostname=n$number NodeAddr=127.0.0.1 Port=$((17000 + number)) CPUs=2" >>slurm.conf
  mkdir -p "spool/n$number"
done
printf '#!/bin/sh\nexec "%s/nodes/$(hostname)/gpusetup" "$@"\n' "$PWD" >bin/gpusetup
chmod 755 bin bin/gpusetup
# slurmd hands no SLURM_CONF to its programs: it has to be where they look
mount -t tmpfs tmpfs /etc/slurm
ln -s "$PWD/slurm.conf" /etc/slurm/slurm.conf
export PATH=$PWD/bin:$PATH
munged --key-file="$PWD/munge.key" --socket="$PWD/munge.sock" --pid-file="$PWD/munge.pid" --log-file="$PWD/munge.log" \
  --seed-file="$PWD/munge.seed" --force
slurmctld
for ((number = 1; number <= $2; number++)); do
  unshare --uts sh -c 'hostname "$0" && exec slurmd' "n$number"
done

field() { # NODE Reason|State
  scontrol --oneliner show node "$1" | sed -nE "s/.* $2=(.*)/\1/p" | if [[ $2 == Reason ]]; then cat; else sed 's/ .*//'; fi
}
until_is() { # NODE Reason|State PATTERN: waits for it, and writes what it was in the end
  local seen=
  for _ in {1..400}; do
    seen=$(field "$1" "$2")
    # shellcheck disable=SC2053 # a pattern
    if [[ $seen == $3 ]]; then break; fi
    sleep 0.1
  done
  echo "$1 $2 $seen"
}
for ((number = 1; number <= $2; number++)); do until_is "n$number" State IDLE >/dev/null; done
source ./scenario.sh
