#!/bin/sh
# Hook of mmdebstrap (bases.sh): what distroless adds to its unpacked packages ($PACKAGES), and what it does not have.
# $1 is the root.
set -eu
root=$1
# Packages that others depend on, and that distroless does not unpack: without them again, file by file.
for deb in "$root"/var/cache/apt/archives/*.deb; do
    case ",$PACKAGES," in *",$(dpkg-deb --field "$deb" Package),"*) continue ;; esac
    dpkg-deb --fsys-tarfile "$deb" | tar --list | grep -v '/$' | while IFS= read -r file; do rm -f "$root/$file"; done
done
find "$root/usr/lib" "$root/usr/share" "$root/etc" -mindepth 1 -type d -empty -delete
# The certificates, as the package's own script would bundle them.
mkdir -p "$root/etc/ssl/certs" "$root/home/nonroot" "$root/tmp"
cat "$root"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
cat >"$root/etc/passwd" <<PASSWD
root:x:0:0:root:/root:/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin
PASSWD
cat >"$root/etc/group" <<GROUP
root:x:0:
nobody:x:65534:
tty:x:5:
staff:x:50:
nonroot:x:65532:
GROUP
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
chown 65532:65532 "$root/home/nonroot"
chmod 700 "$root/home/nonroot"
chmod 1777 "$root/tmp"
# Programs of packages that are here for their data.
rm -rf "${root:?}"/usr/bin/* "${root:?}"/usr/sbin/* "$root/usr/share/ca-certificates" "$root/usr/share/lintian" "$root/usr/share/bug"
