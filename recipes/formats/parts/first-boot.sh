#!/usr/bin/env bash
# Called by gpusetup-recipe.service after the recipe; systemd sets EXIT_STATUS.
set -euo pipefail
state=/var/lib/gpusetup
case ${EXIT_STATUS:-} in
  0) touch "$state/complete" ;;
  7)
    if [[ ! -e $state/rebooted ]]; then
      touch "$state/rebooted"
      systemctl --no-block reboot
    fi
    ;;
esac
