# Shell functions that every step for Debian and its kin may call, beside those of ../library.sh.

package_names() {
  dpkg-query --show --showformat '${db:Status-Status} ${binary:Package}\n' "$@" | sed -n 's/^installed //p' | sort -u
}
take_out() { dpkg --purge "$@"; }
package_owns() { dpkg --search "$1" >/dev/null 2>&1; }
