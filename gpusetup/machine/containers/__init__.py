"""Container engines, the NVIDIA container toolkit and its CDI specifications."""
