#!/bin/sh
# Walks docs/container.md with Podman and with Docker as Debian has them: each builds the image by the page's own
# words and runs its marked blocks in order, under a systemd of its own, and the outcome of each is verified
# (container_checks.sh).
#
#   sh scripts/service/walk_container.sh FOLDER [SUITE …]   bookworm and trixie when none is named; needs root,
#                                                           debootstrap, systemd and unshare
#
# The first walk fetches the systems into FOLDER; the images are built in the network of this machine, and run
# where there is none but loopback and the engine's own. Images of a registry are not used: Debian 13 is made
# by debootstrap, and Debian's mosquitto stands for that of its project, with the same user and paths.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(dirname -- "$(dirname -- "$here")")
# shellcheck source=scripts/service/machine.sh disable=SC1091
. "$here/machine.sh"

[ $# -ge 1 ] || fail "usage: sh scripts/service/walk_container.sh FOLDER [SUITE …]"
open_folder "$1" debootstrap unshare nsenter findmnt
shift
[ $# -gt 0 ] || set -- bookworm trixie
mirror=$(debian_mirror)

# What each system is made of: the engines, and what asks Orion from outside.
packages="systemd-sysv dbus ca-certificates sudo curl mosquitto mosquitto-clients podman docker.io docker-compose
  podman-compose runc catatonit containernetworking-plugins netavark aardvark-dns iptables nftables uidmap
  slirp4netns"

# base SUITE: the system with its engines.
base() {
  at=$work/$1
  [ ! -e "$at.done" ] || return 0
  step "fetching $1"
  rm -rf "$at"
  debootstrap --variant=minbase "$1" "$at" "$mirror" >"$at.log" 2>&1 ||
    { tail -n 5 "$at.log" >&2; fail "debootstrap failed: $at.log"; }
  # Debian 13 without the engines is the base of the images.
  [ "$1" != trixie ] || tar -C "$at" -cf "$work/debian.tar" .
  cp /etc/resolv.conf "$at/etc/resolv.conf"
  more=
  # In Debian 12 these are part of docker.io, or missing.
  [ "$1" = bookworm ] || more="docker-cli docker-buildx"
  printf '#!/bin/sh\nexit 101\n' >"$at/usr/sbin/policy-rc.d" && chmod +x "$at/usr/sbin/policy-rc.d"
  # One word each.
  # shellcheck disable=SC2016,SC2086
  chroot "$at" env DEBIAN_FRONTEND=noninteractive sh -euc 'apt-get -q update
    apt-get install --yes --no-install-recommends "$@" && apt-get clean' sh $packages $more >>"$at.log" 2>&1 ||
    { tail -n 5 "$at.log" >&2; fail "apt-get failed: $at.log"; }
  rm "$at/usr/sbin/policy-rc.d"
  chroot "$at" useradd --create-home --shell /bin/sh admin
  : >"$at.done"
}
for suite in trixie "$@"; do base "$suite"; done

rm -rf "$work/walk" "$work/dist" && mkdir -p "$work/walk/out" "$work/walk/broker" "$work/dist"
step "packing Orion"
sh "$root/scripts/lib/tool.sh" package --out "$work/dist"
mv "$work"/dist/*.tar.gz "$work/walk/"
marked_blocks "$root/docs/container.md" "$work/walk"
ln "$work/debian.tar" "$work/walk/" 2>/dev/null || cp "$work/debian.tar" "$work/walk/"
cp "$here/eventually.sh" "$here/container_checks.sh" "$here/container_build.sh" "$work/walk/"

cat >"$work/enter.sh" <<'SH'
set -e
. "$2"
cd "$1"
mount --make-rprivate /
mkdir -p "over/$3" "over.work/$3" root
mount -t overlay -o "lowerdir=$3,upperdir=over/$3,workdir=over.work/$3" none root
cd root
mkdir -p old walk
mount --bind "$1/walk" walk
# Their layers are overlays themselves, which cannot lie on one.
for name in containers docker containerd; do
  mkdir -p "$1/stores/$3/$name" "var/lib/$name"
  mount --bind "$1/stores/$3/$name" "var/lib/$name"
done
echo walk >etc/hostname
echo '127.0.0.1 localhost walk' >etc/hosts
mount_kernel
if [ "$4" = own ]; then
  # Of the kernel's settings those of this network can be changed.
  mount -t proc proc old && mount --bind old/sys/net proc/sys/net && umount old
  ip link set lo up
  ip address add 192.0.2.1/32 dev lo
  rm -f etc/docker/daemon.json
else
  mkdir -p etc/docker
  # In the network of this machine nothing is changed.
  echo '{ "bridge": "none", "iptables": false, "ip6tables": false }' >etc/docker/daemon.json
  ln -sf /dev/null etc/systemd/system/mosquitto.service
fi
become_init multi-user.target
SH

explain() { inside systemctl --failed --no-pager || :; }
runs() { inside systemctl is-active --quiet multi-user.target 2>/dev/null; }
# machine SUITE NETWORK SCRIPT: runs the script there for each engine.
machine() {
  machine_network=
  [ "$2" != own ] || machine_network=--net
  start_machine "orion-container-$1" sh "$work/enter.sh" "$work" "$here/machine.sh" "$1" "$2"
  until_it runs
  for engine in podman docker; do
    inside env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
      sh "/walk/$3" "$engine" || fail "$1, $engine: it does not work"
  done
  end_machine
}
for suite in "$@"; do
  rm -rf "$work/over" "$work/over.work" "$work/stores"
  step "$suite: building the image"
  machine "$suite" this container_build.sh
  step "$suite: running it"
  rm -f "$work/over/$suite/etc/systemd/system/mosquitto.service"
  machine "$suite" own container_checks.sh
done
rm -rf "$work/over" "$work/over.work" "$work/stores"
step "each engine does what the page says"
