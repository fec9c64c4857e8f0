#!/usr/bin/env bash
# Collects from every idle node, then says which one is not like the others. Run it where sbatch is, in a shared folder.
set -euo pipefail
folder=reports-$(date +%Y%m%dT%H%M%S)
nodes=$(sinfo --noheader --states=idle --format=%D | head -n 1)
if [[ -z $nodes || $nodes == 0 ]]; then echo "no node is idle" >&2 && exit 3; fi
sbatch --wait --nodes="$nodes" gpusetup-collect "$PWD/$folder" || echo "some nodes did not answer; the judgement names them"
gpusetup fleet "$folder"
