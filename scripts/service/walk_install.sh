#!/bin/sh
# Installs Orion in each way that there is, in a Debian with nothing else in it and under a systemd of its own,
# and has it do its main job as a normal user each time (install_checks.sh): the image, unpacked and
# read-only, without a shell and without a library of the system; a checkout with the two commands of the
# README; the package of Debian: installed, started, upgraded, removed, purged; the archive, from a home.
#
#   sh scripts/service/walk_install.sh FOLDER [SUITE …]   bookworm and trixie when none is named; needs root,
#                                                         debootstrap, systemd, unshare, and for the image
#                                                         buildah
#
# The first walk fetches the systems into FOLDER, from where this machine's apt gets its packages; those that
# follow fetch only what the image is made of. Within the walk there is no network but loopback.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(dirname -- "$(dirname -- "$here")")
# shellcheck source=scripts/service/machine.sh disable=SC1091
. "$here/machine.sh"

# For the walk itself; what Orion needs is installed by it.
packages=systemd,systemd-sysv,sudo,mosquitto-clients,bubblewrap,ca-certificates

[ $# -ge 1 ] || fail "usage: sh scripts/service/walk_install.sh FOLDER [SUITE …]"
open_folder "$1" debootstrap unshare nsenter findmnt dpkg-deb
shift
[ $# -gt 0 ] || set -- bookworm trixie
mirror=$(debian_mirror)

rm -rf "$work/walk" && mkdir -p "$work/walk/image" "$work/dist"
step "packing Orion, and a release after it"
rm -f "$work"/dist/*
for form in archive deb; do sh "$root/scripts/lib/tool.sh" package --as "$form" --out "$work/dist"; done
mv "$work"/dist/*.tar.gz "$work/walk/orion.tar.gz"
mv "$work"/dist/*.deb "$work/walk/first.deb"
rm -rf "$work/tree" && dpkg-deb -R "$work/walk/first.deb" "$work/tree"
sed -i 's/^Version: .*/&.next/' "$work/tree/DEBIAN/control"
sed -i 's/"version": "[^"]*/&.next/' "$work/tree/usr/lib/orion/deno.json"
dpkg-deb --root-owner-group -Zgzip -z1 --build "$work/tree" "$work/walk/second.deb" >/dev/null
rm -rf "$work/tree"
version=$(dpkg-deb -f "$work/walk/first.deb" Version)
cp "$here/eventually.sh" "$here/install_checks.sh" "$work/walk/"
mkdir "$work/walk/checkout"
(cd "$root" && git ls-files -z | xargs -0 cp --parents -t "$work/walk/checkout")
cp -a "$root/node_modules" "$work/walk/checkout/"

# base SUITE: the system, with the packages that Orion needs fetched and not installed.
base() {
  at=$work/$1
  [ ! -e "$at.done" ] || return 0
  step "fetching $1"
  rm -rf "$at"
  debootstrap --variant=minbase "--include=$packages" "$1" "$at" "$mirror" >"$at.log" 2>&1 ||
    { tail -n 5 "$at.log" >&2; fail "debootstrap failed: $at.log"; }
  cp /etc/resolv.conf "$at/etc/resolv.conf"
  cp "$work/walk/first.deb" "$at/tmp/orion.deb"
  chroot "$at" env DEBIAN_FRONTEND=noninteractive sh -euc '
    apt-get -q update
    apt-get install --yes --no-install-recommends --download-only /tmp/orion.deb
    rm /tmp/orion.deb
    useradd --create-home --shell /bin/sh admin
    echo "admin ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/admin' >>"$at.log" 2>&1 ||
    { tail -n 5 "$at.log" >&2; fail "apt-get failed: $at.log"; }
  : >"$at.done"
}
for suite in "$@"; do base "$suite"; done

build() { buildah --root "$work/store" --runroot "$work/store.run" --storage-driver vfs "$@"; }
if command -v buildah >/dev/null; then
  base trixie
  step "building the image, on a trixie of the walk"
  rm -rf "$work/context" && mkdir "$work/context"
  tar -xzf "$work/walk/orion.tar.gz" -C "$work/context" --strip-components=1
  # As docs/container.md has it made; it must not be in the image.
  echo secret >"$work/context/packaging/container/example/token"
  rm -rf "$work/store" "$work/store.run"
  container=$(build from scratch)
  build add --quiet "$container" "$work/trixie" / >/dev/null
  build commit --quiet "$container" localhost/debian >/dev/null
  build bud --isolation chroot --pull-never --format docker --timestamp 0 --build-arg DEBIAN=localhost/debian \
    --build-arg "VERSION=$version" --tag orion --file "$work/context/packaging/Containerfile" "$work/context" \
    >"$work/image.log" 2>&1 || { tail -n 5 "$work/image.log" >&2; fail "the image is not built: $work/image.log"; }
  container=$(build from --pull-never localhost/orion)
  cp -a "$(build mount "$container")/." "$work/walk/image/"
  build inspect --type image --format '{{range .Docker.Config.Entrypoint}}{{println .}}{{end}}' localhost/orion |
    sed '/^$/d' >"$work/walk/entrypoint"
  rm -rf "$work/layer" && build push --quiet localhost/orion "oci:$work/layer:orion" 2>/dev/null
  printf 'image: %s bytes compressed, %s files\n' "$(cat "$work"/layer/blobs/sha256/* | wc -c)" \
    "$(find "$work/walk/image" -type f | wc -l)"
  rm -rf "$work/store" "$work/store.run" "$work/context" "$work/layer"
else
  printf 'skipped: the image; buildah is not installed\n'
fi

cat >"$work/enter.sh" <<'SH'
set -e
. "$2"
cd "$1"
mount --make-rprivate /
mkdir -p root
mount -t tmpfs none root
mkdir root/over root/over.work root/root
mount -t overlay -o "lowerdir=$3,upperdir=root/over,workdir=root/over.work" none root/root
cd root/root
mkdir old walk
mount --bind "$1/walk" walk
echo walk >etc/hostname
echo '127.0.0.1 localhost walk' >etc/hosts
mount_kernel
ip link set lo up
become_init multi-user.target
SH

explain() { inside systemctl --failed --no-pager || :; }
runs() { inside systemctl is-active --quiet multi-user.target 2>/dev/null; }
for suite in "$@"; do
  step "$suite"
  start_machine "orion-install-$suite" sh "$work/enter.sh" "$work" "$here/machine.sh" "$suite"
  until_it runs
  inside env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/home/admin USER=admin LANG=C.UTF-8 \
    /usr/sbin/runuser -u admin -- sh -c 'cd && exec sh /walk/install_checks.sh' || fail "$suite: it does not work"
  end_machine
done
step "each way does the main job"
