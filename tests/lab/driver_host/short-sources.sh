# short-sources.sh NAME VERSION LICENCE: let DKMS build five short modules wherever it would build NVIDIA's source NAME.
#
# The package's own Makefile is diverted, as dpkg-divert(8) has it for the administrator: all other bytes stay NVIDIA's,
# and it holds through reinstallation and removal. The modules have NVIDIA's names, version and licences.
set -eu
name=$1 version=$2 licence=$3
source=/usr/src/$name-$version
mkdir -p "$source/lab"
dpkg-divert --quiet --local --no-rename --divert "$source/Makefile.nvidia" --add "$source/Makefile"
cp /srv/lab/module/Makefile "$source/Makefile"
cp /srv/lab/module/Kbuild "$source/lab/Kbuild"
for module in nvidia nvidia-modeset nvidia-drm nvidia-uvm nvidia-peermem; do
  sed -e "s|@LICENCE@|$licence|" -e "s|@VERSION@|$version|" /srv/lab/module/module.c >"$source/lab/$module.c"
done
