"""Whom a privileged program may rely on: who owns a file, who could change it, and as whom an interpreter is run."""
