"""The workloads bring their own backends; the engine looks for this file to know that they run here."""
