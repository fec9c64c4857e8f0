"""``python -m gpusetup``."""

from gpusetup.cli import main

if __name__ == "__main__":
    main()
