# ── packages: undo removes only those that the step installed ───────────────────────────────────────────────────

# -y: the user has already confirmed the step as a whole.
dnf() { with_packages dnf -y "$@"; }

# The hook of a package of headers builds modules as well, which would outlast the package.
apt() {
  [[ -z $(type -P dkms) ]] || undo_by forget_builds "$(dkms_builds)"
  with_packages env DEBIAN_FRONTEND=noninteractive apt-get -y "$@"
}

apt-mark() {
  [[ $(command apt-mark showhold "$2") == "$2" ]] || undo_by command apt-mark unhold "$2"
  command apt-mark "$@"
}

zypper() {
  if [[ $1 == addlock ]]; then
    [[ $(command zypper locks) == *"$2"* ]] || undo_by command zypper --non-interactive removelock "$2"
    command zypper --non-interactive "$@"
  else
    with_packages zypper --non-interactive "$@"
  fi
}

# akmods installs every module that it builds as a package.
akmods() { with_packages akmods "$@"; }

with_packages() {
  local status=0
  undo_by remove_packages "$step"
  remember_packages_before "$step"
  command "$@" || status=$?
  package_names | keep "$state/$step.after"
  return "$status"
}

# ── dkms ──────────────────────────────────────────────────────────────────────────────────────────────────────────

# "nvidia/580.95.05 6.17.1-300" for each module installed for a kernel; dkms 2 printed a comma instead of the slash.
dkms_builds() { command dkms status | sed -nE 's|^([^,/]+)[,/] ?([^,]+), ([^,]+), .*: installed.*|\1/\2 \3|p' | sort -u; }

dkms() {
  undo_by forget_builds "$(dkms_builds)"
  command dkms "$@"
}

# forget_builds BEFORE: remove the modules that were not installed before.
forget_builds() {
  local module kernel
  while read -r module kernel; do
    command dkms remove "$module" -k "$kernel"
  done < <(comm -13 <(say "$1") <(dkms_builds))
}

# rebuild_dkms_modules: NVIDIA's for the running kernel; autoinstall leaves alone what is installed, with --force too.
rebuild_dkms_modules() {
  local module kernel
  while read -r module kernel; do
    [[ $module == nvidia* && $kernel == "$(uname -r)" ]] || continue
    command dkms build --force "$module" -k "$kernel"
    command dkms install --force "$module" -k "$kernel"
  done < <(dkms_builds)
}

# ── Debian's alternatives ─────────────────────────────────────────────────────────────────────────────────────────

# update-alternatives --auto NAME
update-alternatives() {
  local was
  was=$(command update-alternatives --query "$2" | sed -n 's/^Value: //p')
  [[ -z $was ]] || undo_by command update-alternatives --set "$2" "$was"
  command update-alternatives "$@"
}
