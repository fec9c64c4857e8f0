"""Libraries, toolkits, compilers and Python distributions."""
