# ── the kernel ────────────────────────────────────────────────────────────────────────────────────────────────────

# The kernel of the next boot, for which the driver's module must be built: GRUB and systemd-boot take the newest.
next_kernel() {
  local newest
  newest=$({ find "$root/boot" -maxdepth 1 -name 'vmlinuz-*' -printf '%f\n' 2>/dev/null || :; } | sed 's/^vmlinuz-//' | sort -V | tail -n 1)
  if [[ -n $newest ]]; then say "$newest"; else uname -r; fi
}

# rebuild_initramfs: what is loaded early at boot comes from there.
rebuild_initramfs() { ! command -v update-initramfs >/dev/null || update-initramfs -u -k "$(next_kernel)"; }
