"""The cards on the PCI bus, their device nodes, and what the loaded driver itself says in files."""
