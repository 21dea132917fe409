#!/bin/sh
# Copies programs into an otherwise empty root, with the shared libraries they load and, for scanners and licences, what
# Debian's packages say about them. Used by the Dockerfile: image-root.sh ROOT PROGRAM...
set -eu
root=$1
shift

# The package that a file came from; merged /usr makes dpkg know some of them by the shorter path only.
package_of() {
  dpkg-query -S "$1" 2>/dev/null || dpkg-query -S "${1#/usr}" 2>/dev/null || true
}

libraries_of() {
  ldd "$1" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p; s/^\t\(\/[^ ]*\).*/\1/p'
}

for file in "$@" $(for program in "$@"; do libraries_of "$program"; done | sort -u); do
  real=$(readlink -f "$file")
  mkdir -p "$root/$(dirname "$file")" "$root/var/lib/dpkg/status.d"
  cp --dereference --preserve=mode,timestamps "$real" "$root/$file"
  package=$(package_of "$real" | sed -n '1s/:.*//p')
  [ -n "$package" ] || continue
  dpkg-query --status "$package" >"$root/var/lib/dpkg/status.d/$package"
  mkdir -p "$root/usr/share/doc/$package"
  cp "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/"
done

mkdir -p "$root/etc" "$root/tmp"
chmod 1777 "$root/tmp"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
