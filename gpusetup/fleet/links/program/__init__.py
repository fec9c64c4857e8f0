"""What runs on the hosts: ``torchrun links.pyz``. It needs torch, and nothing else of this package."""
