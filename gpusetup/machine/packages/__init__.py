"""Installed packages that bear on a GPU, from the databases of the package managers; no manager is run."""
