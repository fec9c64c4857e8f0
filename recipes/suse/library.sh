# Shell functions for every step on openSUSE and SLES, in addition to ../library.sh.

package_names() { rpm -qa --qf '%{NAME}.%{ARCH}\n' "$@" | sed '/^gpg-pubkey/d' | sort -u; }
take_out() { rpm -e --allmatches "$@"; }
package_owns() { rpm -qf --quiet "$1"; }
