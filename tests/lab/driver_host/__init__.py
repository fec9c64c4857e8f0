"""A real Debian 13 as a driver host: its own kernel, dkms, apt, dpkg, alternatives and initramfs, NVIDIA's packages.

Two roots are made once per checkout (`roots`): `bare`, as the installer leaves a machine, and `driver`, on which
Debian's own driver is installed. A test works on an overlay of one (`host.DriverHost`). NVIDIA's sources are replaced
by five short modules of the same names, versions and licences; modules are not loaded, since no kernel here would:
what the kernel shows of them is written to files (`boot.sh`, `bin/modprobe`).
"""
