"""FAB: NVLink, NVSwitch, fabric manager and the PCIe paths between GPUs."""
