# ── compiler and loader settings ──────────────────────────────────────────────────────────────────────────────────

# cuda_profile FOLDER COMPILER: a profile for login shells with nvcc in PATH and its host compiler ("": the system's).
cuda_profile() {
  say '# Written by gpusetup: puts nvcc into PATH and sets its host compiler.'
  # shellcheck disable=SC2016 # expanded at login, not now
  printf 'case ":$PATH:" in *:%s/bin:*) ;; *) PATH=$PATH:%s/bin ;; esac\n' "$1" "$1"
  [[ -z $2 ]] || printf 'export NVCC_CCBIN=%q\n' "$2"
}

refresh_loader() { ldconfig -r "${root:-/}"; }
