#!/bin/sh
# Makes the root file system of the image: Orion's portable folder, and of Debian only the libraries that
# the linker loads for it. Runs in the first stage of packaging/Containerfile, on a Debian of any machine;
# nothing of the target machine is executed.
#
#   sh packaging/container/root.sh amd64|arm64 FOLDER ROOT    FOLDER: the portable folder, unpacked;
#                                                             ROOT: made, and filled
set -eu

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

[ $# -eq 3 ] || fail "usage: sh root.sh amd64|arm64 FOLDER ROOT"
arch=$1
case $arch in
  amd64) triplet=x86_64-linux-gnu machine='X86-64' loader=lib64/ld-linux-x86-64.so.2 ;;
  arm64) triplet=aarch64-linux-gnu machine='AArch64' loader=lib/ld-linux-aarch64.so.1 ;;
  *) fail "there is no image for $arch: use amd64 or arm64" ;;
esac
folder=$(CDPATH='' cd -- "$2" && pwd -P)
mkdir -p -- "$3"
root=$(CDPATH='' cd -- "$3" && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -f "$folder/sbom.cdx.json" ] || fail "$folder is not the folder that \`deno task package\` makes"
LC_ALL=C readelf -h "$folder/bin/deno" | grep -q "Machine:.*$machine" ||
  fail "$folder is for another machine than $arch: unpack the archive for it"

# An apt of its own: empty lists, nothing installed, and the target's packages.
own_apt() {
  program=$1
  shift
  "$program" -qq -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o Dir::State="$work/apt" \
    -o Dir::State::status="$work/status" -o Dir::Cache="$work/apt" -o APT::Install-Recommends=false \
    -o Debug::NoLocking=true -o APT::Sandbox::User=root -o Acquire::Languages=none "$@"
}
mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial" "$work/system" "$root/opt"
: >"$work/status"
own_apt apt-get update
newest() { own_apt apt-cache pkgnames | grep -E "^$1[0-9]+$" | sort -V | tail -n 1; }
libav="$(newest libavformat) $(newest libswscale)"
# One word each.
# shellcheck disable=SC2086
own_apt apt-get --yes --download-only install libc6 libgcc-s1 libstdc++6 $libav
for package in "$work"/apt/archives/*.deb; do dpkg-deb -x "$package" "$work/system"; done
# In releases before 13 some libraries are in /lib, which is a link to /usr/lib.
if [ -d "$work/system/lib" ]; then
  cp -a "$work/system/lib/." "$work/system/usr/lib/" && rm -r "$work/system/lib"
fi
libraries=$work/system/usr/lib/$triplet

cp -a "$folder" "$root/opt/orion"
chown -R 0:0 "$root/opt/orion"
chmod -R u+rwX,go+rX,go-w "$root/opt/orion"
# Of its packaging only what the image runs, and what is copied out of it; above all not the secrets of the example.
find "$root/opt/orion/packaging" -type f ! -name '*.ts' ! -path '*/packaging/monitoring/*' -delete
find "$root/opt/orion/packaging" -type d -empty -delete
mkdir -p "$root/usr/lib/$triplet" "$root/etc/orion" "$root/var/lib/dpkg/status.d" "$root/tmp" \
  "$root/dev" "$root/proc" "$root/run" "$root/sys"
for name in lib lib64; do ln -s "usr/$name" "$root/$name"; done
mkdir "$root/usr/lib64"
chmod 1777 "$root/tmp"

# Follows DT_NEEDED from Deno, ONNX Runtime and libav to every library that they lead to.
find "$folder/bin/deno" "$folder/node_modules" -type f \
  \( -name deno -o -name '*.node' -o -name '*.so.*' \) >"$work/todo"
for name in $libav; do
  find "$libraries" -maxdepth 1 -name "${name%%[0-9]*}.so.*" -type l
done >"$work/av"
cat "$work/av" >>"$work/todo"
: >"$work/names"
sed 's|.*/||' "$work/av" >>"$work/names"
while [ -s "$work/todo" ]; do
  xargs readelf -d <"$work/todo" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p' | sort -u |
    grep -vxFf "$work/names" >"$work/new" || :
  : >"$work/todo"
  while read -r name; do
    printf '%s\n' "$name" >>"$work/names"
    # ONNX Runtime's own are beside its binding.
    [ -z "$(find "$folder/node_modules" -name "$name" | head -n 1)" ] || continue
    [ -e "$libraries/$name" ] || fail "no package has $name, which is needed"
    printf '%s\n' "$libraries/$name" >>"$work/todo"
  done <"$work/new"
  cat "$work/todo" >>"$work/av"
done
# Each by the name that is looked up, a link to the file itself.
sort -u "$work/av" | while read -r path; do
  real=$(readlink -f "$path")
  case $real in "$libraries"/*/*) fail "$path is in a folder of its own, which the loader does not search" ;; esac
  cp -a "$path" "$root/usr/lib/$triplet/"
  [ "$real" = "$path" ] || cp -a "$real" "$root/usr/lib/$triplet/"
done
[ -e "$root/usr/lib/$triplet/${loader##*/}" ] || cp -aL "$work/system/usr/$loader" "$root/usr/lib/$triplet/"
# One name for every machine: packaging/container/programs.ts.
ln -s "$triplet/libc.so.6" "$root/usr/lib/libc.so.6"
[ -e "$root/$loader" ] || ln -s "/usr/lib/$triplet/${loader##*/}" "$root/$loader"

# The packages that these files are of: their licences, their entries for scanners, their lines in the list of
# parts, which has one part a line.
find "$root/usr/lib/$triplet" -type f -exec basename {} \; | sort >"$work/files"
head -n -1 "$root/opt/orion/sbom.cdx.json" >"$work/sbom"
for package in "$work"/apt/archives/*.deb; do
  dpkg-deb -c "$package" | sed -n 's|^-.*/||p' | sort | comm -12 - "$work/files" | grep -q . || continue
  name=$(dpkg-deb -f "$package" Package)
  version=$(dpkg-deb -f "$package" Version)
  dpkg-deb -f "$package" >"$root/var/lib/dpkg/status.d/$name"
  mkdir -p "$root/usr/share/doc/$name"
  cp -L "$work/system/usr/share/doc/$name/copyright" "$root/usr/share/doc/$name/"
  url=pkg:deb/debian/$name@$version
  printf ',{"type":"library","bom-ref":"%s","name":"%s","version":"%s","purl":"%s"}\n' "$url" "$name" "$version" \
    "$(printf '%s' "$url" | sed 's/+/%2B/g; s/:\([^/]*\)$/%3A\1/')?arch=$arch" >>"$work/sbom"
done
printf ']}\n' >>"$work/sbom"
cp "$work/sbom" "$root/opt/orion/sbom.cdx.json"

printf 'root:x:0:0::/:/usr/sbin/nologin\norion:x:10001:10001::/nonexistent:/usr/sbin/nologin\n' >"$root/etc/passwd"
printf 'root:x:0:\norion:x:10001:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
cp -L /etc/os-release "$root/etc/os-release"
find "$root" -exec touch -hd @0 {} +
