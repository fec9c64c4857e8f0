# Shell functions for every step on Debian and its derivatives, in addition to ../library.sh.

package_names() {
  dpkg-query --show --showformat '${db:Status-Status} ${binary:Package}\n' "$@" | sed -n 's/^installed //p' | sort -u
}
take_out() { dpkg --purge "$@"; }
package_owns() { dpkg --search "$1" >/dev/null 2>&1; }
