# ── the kernel ────────────────────────────────────────────────────────────────────────────────────────────────────

# The kernel of the next boot, for which the driver's module must be built.
next_kernel() {
  local image=""
  if command -v grubby >/dev/null; then image=$(grubby --default-kernel 2>/dev/null || :); fi
  if [[ $image == */vmlinuz-* ]]; then say "${image##*/vmlinuz-}"; else uname -r; fi
}
