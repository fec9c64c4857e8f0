# kernel_headers KERNEL: the packages with its headers, and that which brings those of each later kernel of its kind. No package
# of the driver or of dkms depends on any.
kernel_headers() {
  say "linux-headers-$1"
  if [[ $1 =~ -((cloud-|rt-)?(amd64|arm64))$ ]] && installed "linux-image-${BASH_REMATCH[1]}"; then say "linux-headers-${BASH_REMATCH[1]}"; fi
}
