# Shell functions for every step on Debian, in addition to ../library.sh.
