# Shell functions that every step for openSUSE and SLES may call, beside those of ../library.sh.

package_names() { rpm -qa --qf '%{NAME}.%{ARCH}\n' "$@" | sed '/^gpg-pubkey/d' | sort -u; }
take_out() { rpm -e --allmatches "$@"; }
package_owns() { rpm -qf --quiet "$1"; }
