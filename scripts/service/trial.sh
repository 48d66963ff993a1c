#!/bin/sh
# Runs packaging/orion.service under a systemd of its own, which is the first process of namespaces of its
# own (processes, mounts, network, cgroups), with the packed Orion in /opt/orion. This machine's systemd is
# not touched, and nothing remains but FOLDER.
#
#   sh scripts/service/trial.sh FOLDER      needs root, systemd, mosquitto's clients and python3
#
# Shows that the demo runs under the unit, that its restrictions are in force and leave what is needed
# (may.py), and when systemd starts it again.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(dirname -- "$(dirname -- "$here")")
# shellcheck source=scripts/service/machine.sh disable=SC1091
. "$here/machine.sh"

[ $# -eq 1 ] || fail "usage: sh scripts/service/trial.sh FOLDER"
[ "$(id -u)" = 0 ] || fail "it takes root to be the first process of a machine"
mkdir -p -- "$1/out" "$1/root" "$1/units" "$1/dist"
work=$(CDPATH='' cd -- "$1" && pwd -P)
for program in /usr/lib/systemd/systemd /usr/bin/python3 /usr/bin/mosquitto_sub /usr/bin/unshare; do
  [ -x "$program" ] || fail "$program is not installed"
done

rm -rf "$work/dist" "$work/opt" "$work"/out/* "$work"/units/* && mkdir "$work/dist" "$work/opt"
sh "$root/scripts/lib/tool.sh" package --out "$work/dist"
tar -xzf "$work"/dist/*.tar.gz -C "$work/opt" --strip-components=1
cp "$here/may.py" "$work/opt/"

# Only what the unit needs to be started and ended: not this machine's own services.
for unit in basic exit final local-fs local-fs-pre multi-user network network-online network-pre paths \
  remote-fs shutdown slices sockets swap sysinit timers umount; do
  cp "/usr/lib/systemd/system/$unit.target" "$work/units/" 2>/dev/null || :
done
cp /usr/lib/systemd/system/systemd-exit.service "$work/units/"

cat >"$work/orion.yaml" <<'YAML'
cameras: [{ id: demo, url: "demo:" }]
detectors: [{ id: person, model: builtin:person-int8 }]
mqtt: { listen: "127.0.0.1:1883" }
health: { listen: "127.0.0.1:8080" }
YAML

# The root: this machine's /usr and /etc with writes discarded; the rest empty.
cat >"$work/enter.sh" <<'SH'
set -e
work=$1
. "$2"
cd "$work"
mount --make-rprivate /
mount -t tmpfs none root
cd root
mkdir -p usr etc opt var/tmp run tmp proc sys dev home root boot mnt media srv out over old
for name in bin sbin lib lib64; do ln -s "usr/$name" "$name"; done
for name in usr etc; do
  mkdir "over/$name" "over/$name.work"
  mount -t overlay -o "lowerdir=/$name,upperdir=over/$name,workdir=over/$name.work" none "$name"
done
mount_kernel
mkdir -p opt/orion/release
cp -r "$work/opt/." opt/orion/release/
ln -s release opt/orion/current
mount --bind "$work/out" out
mount --bind "$work/units" usr/lib/systemd/system

echo 'orion:x:990:990::/nonexistent:/usr/sbin/nologin' >>etc/passwd
echo 'orion:x:990:' >>etc/group
: >etc/fstab
: >etc/machine-id
rm -rf etc/systemd/system
mkdir -p etc/orion etc/systemd/system/orion.service.d
install -m 0640 -o 0 -g 990 "$work/orion.yaml" etc/orion/orion.yaml
cd etc/systemd/system
cp ../../../opt/orion/release/orion.service .
printf '[Service]\nStandardOutput=append:/out/orion.log\nStandardError=append:/out/orion.log\n' \
  >orion.service.d/log.conf
printf '[Unit]\nRequires=orion.service\nAllowIsolate=yes\n' >trial.target
sed -e 's#^ExecStart=.*#ExecStart=/usr/bin/python3 /opt/orion/current/may.py#' -e 's/^Type=.*/Type=oneshot/' \
  -e '/^Restart/d' orion.service >may.service
mkdir may.service.d && sed 's/orion.log/may.log/' orion.service.d/log.conf >may.service.d/log.conf
cd "$work/root"
ip link set lo up
for address in 192.168.7.1 203.0.113.1; do ip address add "$address/32" dev lo; done
become_init trial.target
SH

explain() { tail -n 20 "$work/out/orion.log"; }
start_machine orion-trial sh "$work/enter.sh" "$work" "$here/machine.sh"

sees() { inside mosquitto_sub -t 'orion/+/inferences/#' -C "$1" -W 30 >/dev/null 2>&1; }

step "the demo runs under the unit"
until_it is ActiveState active
until_it sees 5
pid=$(inside systemctl show orion -p MainPID --value)
inside grep -E '^(Uid|CapBnd|CapEff|NoNewPrivs|Seccomp):' "/proc/$pid/status"

step "what it may, and may not"
inside python3 -c '
import socket
server = socket.create_server(("0.0.0.0", 7777))
while True: server.accept()[0].close()' &
until_it inside python3 -c 'import socket; [socket.create_connection((a, 7777)) for a in ("192.168.7.1", "203.0.113.1")]' \
  2>/dev/null
inside systemctl start may.service
cat "$work/out/may.log"
[ "$(wc -l <"$work/out/may.log")" = 1 ] || fail "the restrictions are not as they should be"

step "killed, it is started again"
inside kill -KILL "$pid"
until_it is NRestarts 1
until_it sees 5

step "stopped by systemctl, it exits in order and stays down"
inside systemctl stop orion
is Result success && is ExecMainStatus 0 && is ActiveState inactive || fail "it did not end in order"

step "a wrong configuration is not started again"
inside sed -i s/cameras:/camera:/ /etc/orion/orion.yaml
inside systemctl start orion || :
until_it is ActiveState failed
is NRestarts 0 && is ExecMainStatus 2 || fail "it was started again"

step "after exit code 70 it is started again, five times in all"
inside sh -c 'mkdir /run/systemd/system/orion.service.d &&
  printf "[Service]\nExecStart=\nExecStart=/bin/sh -c \"exit 70\"\nRestartSec=0\n" \
    >/run/systemd/system/orion.service.d/ends.conf && systemctl daemon-reload && systemctl reset-failed orion'
inside systemctl start orion || :
until_it is ActiveState failed
is ExecMainStatus 70 && is NRestarts 5 || fail "it was not started again as often as it should be"
step "all is as it should be"
