# Shell functions for every step on Ubuntu, in addition to ../library.sh.
