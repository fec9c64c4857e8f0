# Shell functions for every step on Fedora, in addition to ../library.sh.
