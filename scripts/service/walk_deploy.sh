#!/bin/sh
# Walks docs/deploy.md: runs the marked blocks of the page in order, as a user with sudo in a Debian 12 with
# nothing else in it, under a systemd of its own, and verifies the outcome of each (walk_checks.sh).
#
#   sh scripts/service/walk_deploy.sh FOLDER    needs root, debootstrap, systemd and unshare
#
# The first walk fetches the system into FOLDER/base, from where this machine's apt gets its packages; those
# that follow need no network. Within the walk there is none but loopback.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(dirname -- "$(dirname -- "$here")")
# shellcheck source=scripts/service/machine.sh disable=SC1091
. "$here/machine.sh"

suite=bookworm
# For the walk itself; what Orion needs is installed by the page.
packages=systemd,systemd-sysv,sudo,mosquitto,mosquitto-clients,curl

[ $# -eq 1 ] || fail "usage: sh scripts/service/walk_deploy.sh FOLDER"
open_folder "$1" debootstrap unshare nsenter findmnt
rm -rf "$work/walk" && mkdir -p "$work/walk/out" "$work/root"
marked_blocks "$root/docs/deploy.md" "$work/walk"

if [ ! -e "$work/base.done" ]; then
  step "fetching Debian 12"
  mirror=$(debian_mirror)
  rm -rf "$work/base"
  debootstrap --variant=minbase "--include=$packages" "$suite" "$work/base" "$mirror" >"$work/base.log" 2>&1 ||
    { tail -n 5 "$work/base.log" >&2; fail "debootstrap failed: $work/base.log"; }
  cp /etc/resolv.conf "$work/base/etc/resolv.conf"
  # The packages that the page installs, fetched but not installed.
  { echo 'apt-get -q update'; sed 's/^sudo apt-get/& --download-only/; s/^sudo //' "$work/walk/blocks/libav"; } |
    chroot "$work/base" env DEBIAN_FRONTEND=noninteractive sh -eu >>"$work/base.log" 2>&1 ||
    { tail -n 5 "$work/base.log" >&2; fail "apt-get failed: $work/base.log"; }
  chroot "$work/base" useradd --create-home admin
  : >"$work/base.done"
fi

step "packing Orion, and a release after it"
rm -rf "$work/dist" && mkdir "$work/dist" "$work/walk/first" "$work/walk/second"
sh "$root/scripts/lib/tool.sh" package --out "$work/dist" >"$work/package.log"
first=$(basename "$work"/dist/*.tar.gz .tar.gz)
version=$(printf '%s' "$first" | sed 's/^orion-\(.*\)-[^-]*-unknown-linux-gnu$/\1/')
second=orion-$version.next-${first#"orion-$version-"}
mv "$work/dist/$first.tar.gz" "$work/walk/first/"
tar -xzf "$work/walk/first/$first.tar.gz" -C "$work/dist"
mv "$work/dist/$first" "$work/dist/$second"
sed -i "s/\"version\": \"[^\"]*/&.next/" "$work/dist/$second/deno.json"
tar -cf - --owner=0 --group=0 -C "$work/dist" "$second" | gzip -1 >"$work/walk/second/$second.tar.gz"
printf 'first=%s\nsecond=%s\n' "$version" "$version.next" >"$work/walk/versions"
rm -rf "$work/dist"
cp "$here/eventually.sh" "$here/walk_checks.sh" "$work/walk/"
chmod 1777 "$work/walk" "$work/walk/out"

cat >"$work/enter.sh" <<'SH'
set -e
. "$2"
cd "$1"
mount --make-rprivate /
mount -t tmpfs none root
mkdir root/over root/over.work root/root
mount -t overlay -o "lowerdir=base,upperdir=root/over,workdir=root/over.work" none root/root
cd root/root
mkdir old walk
mount --bind "$1/walk" walk
echo walk >etc/hostname
echo '127.0.0.1 localhost walk' >etc/hosts
echo 'admin ALL=(ALL) NOPASSWD: ALL' >etc/sudoers.d/admin
printf 'listener 1883 127.0.0.1\npassword_file /etc/mosquitto/passwords\n' >etc/mosquitto/conf.d/walk.conf
# As systemd reads it from the file that walk_checks.sh writes.
chroot . mosquitto_passwd -b -c /etc/mosquitto/passwords orion 'p$a ss#%\w'
chroot . chown root:mosquitto /etc/mosquitto/passwords
chmod 0640 etc/mosquitto/passwords
mount_kernel
ip link set lo up
become_init multi-user.target
SH

explain() { inside systemctl --failed --no-pager || :; }
start_machine orion-walk sh "$work/enter.sh" "$work" "$here/machine.sh"
runs() { inside systemctl is-active --quiet multi-user.target mosquitto 2>/dev/null; }
until_it runs
inside env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/home/admin USER=admin LANG=C.UTF-8 \
  /usr/sbin/runuser -u admin -- sh -c 'cd && exec sh /walk/walk_checks.sh' ||
  fail "the page does not do what it says"
step "all is as the page says"
