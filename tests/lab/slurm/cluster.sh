# cluster.sh FOLDER DRIVER: runs FOLDER/job.sh on a cluster of one node, whose nvidia-smi tells of DRIVER, in namespaces of its own:
# sbatch's judgement of it to FOLDER/verdict, its exit status to FOLDER/status, what it started to FOLDER/seen.
set -euo pipefail
cd "$1"
hostname lab
# the names that Slurm looks up are looked up only where there is an address besides the loopback's
ip link set lo up
ip link add lab0 type veth peer name lab1
ip addr add 10.99.0.1/24 dev lab0
ip link set lab0 up
ip link set lab1 up

mkdir -p state spool bin
touch gpu0 gpu1
echo "NodeName=lab Name=gpu File=$PWD/gpu[0-1]" >gres.conf
(umask 077 && head -c 64 /dev/urandom >munge.key)
printf '#!/bin/bash\necho %s\n' "$2" >bin/nvidia-smi
printf '#!/bin/bash\nprintf "%%s\\0" apptainer "$@" >%q/seen\necho "$SRUN_CPUS_PER_TASK" >%q/processors\n' "$PWD" "$PWD" >bin/apptainer
chmod +x bin/*
export PATH=$PWD/bin:$PATH SLURM_CONF=$PWD/slurm.conf
munged --key-file="$PWD/munge.key" --socket="$PWD/munge.sock" --pid-file="$PWD/munge.pid" --log-file="$PWD/munge.log" \
  --seed-file="$PWD/munge.seed" --force
slurmctld
slurmd -N lab
for _ in {1..300}; do # "idle*" has not registered yet, and its GPUs are not known
  if [[ $(sinfo --noheader --format=%T 2>/dev/null) == idle ]]; then break; fi
  sleep 0.1
done
sbatch --test-only job.sh >verdict 2>&1 || :
status=0
sbatch --wait job.sh || status=$?
echo "$status" >status
