#!/bin/sh
# Builds the app of Home Assistant as its supervisor does, and runs it in namespaces of its own (files, processes,
# network) beside a supervisor that knows a broker with users: the main job, the entities, the page through
# the ingress, and its end.
#
#   sh scripts/service/walk_app.sh FOLDER      needs root, buildah, mmdebstrap, unshare, mosquitto and curl
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(dirname -- "$(dirname -- "$here")")
# shellcheck source=scripts/service/machine.sh disable=SC1091
. "$here/machine.sh"
# shellcheck source=scripts/lib/deno.sh disable=SC1091
. "$root/scripts/lib/deno.sh"

[ $# -eq 1 ] || fail "usage: sh scripts/service/walk_app.sh FOLDER"
[ "$(id -u)" = 0 ] || fail "it takes root to build and to have a network of its own"
for program in buildah mmdebstrap unshare mosquitto mosquitto_sub curl; do
  command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] || fail "$program is not installed"
done
deno=$(find_deno) || fail "Deno was not found"
mkdir -p -- "$1"
work=$(CDPATH='' cd -- "$1" && pwd -P)
mirror=$(debian_mirror)
build() { buildah --root "$work/store" --runroot "$work/store.run" --storage-driver vfs "$@"; }

step "packing the app"
rm -rf "$work/home-assistant-addon" "$work/store" "$work/store.run" "$work/image" "$work/data"
sh "$root/scripts/lib/tool.sh" package --as home-assistant --out "$work"

step "building it"
[ -e "$work/base.tar" ] ||
  mmdebstrap --quiet --variant=minbase --include=ca-certificates trixie "$work/base.tar" "$mirror"
container=$(build from scratch)
build add --quiet "$container" "$work/base.tar" / >/dev/null
build commit --quiet "$container" docker.io/library/debian:trixie-slim >/dev/null
app=$work/home-assistant-addon/orion
arch=amd64
[ "$(uname -m)" = x86_64 ] || arch=aarch64
build bud --isolation chroot --pull-never --format docker --build-arg "BUILD_ARCH=$arch" --tag app "$app" \
  >"$work/build.log" 2>&1 || { tail -n 5 "$work/build.log" >&2; fail "it is not built: $work/build.log"; }
container=$(build from --pull-never localhost/app)
mkdir "$work/image" "$work/data"
cp -a "$(build mount "$container")/." "$work/image/"
build inspect --type image --format '{{range .Docker.Config.Entrypoint}}{{println .}}{{end}}' localhost/app |
  sed '/^$/d' >"$work/entrypoint"
rm -rf "$work/store" "$work/store.run"
printf '127.0.0.1 localhost supervisor\n' >"$work/image/etc/hosts"
"$deno" eval --quiet --config "$root/deno.json" "import { parse } from 'yaml';
  const { options } = parse(Deno.readTextFileSync('$app/config.yaml'));
  Deno.writeTextFileSync('$work/data/options.json', JSON.stringify(options), { mode: 0o600 });"
# shellcheck disable=SC2016
mosquitto_passwd -b -c "$work/passwords" addons 'p$a ${ss}#%\w' 2>/dev/null
printf 'listener 1883 127.0.0.1\npassword_file %s\nuser root\n' "$work/passwords" >"$work/mosquitto.conf"

cp "$here/eventually.sh" "$work/"
cat >"$work/inside.sh" <<'SH'
set -eu
work=$1 deno=$2 supervisor=$3
wrong() { printf 'error: %s\n' "$*" >&2; tail -n 20 "$work/app.log" >&2; exit 1; }
. "$work/eventually.sh"
mount --make-rprivate /
ip link set lo up
for address in 172.30.32.2 172.30.33.5; do ip address add "$address/32" dev lo; done
PATH=$PATH:/usr/sbin
mosquitto -c "$work/mosquitto.conf" >"$work/mosquitto.log" 2>&1 &
"$deno" run --no-prompt --allow-net=127.0.0.1:80 "$supervisor" secret addons 'p$a ${ss}#%\w' &
eventually curl -s -o /dev/null http://127.0.0.1/

mount --bind "$work/image" "$work/image"
cd "$work/image"
mount -t proc proc proc
mount -t tmpfs none dev
for name in null zero random urandom; do : >"dev/$name" && mount --bind "/dev/$name" "dev/$name"; done
mount -t tmpfs none tmp
mount --bind "$work/data" data
mount -o remount,ro,bind .
# The capabilities that a container has by default, and the words of the image.
# shellcheck disable=SC2046
setpriv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+net_bind_service,+sys_chroot \
  env -i PATH=/usr/sbin:/usr/bin SUPERVISOR_TOKEN=secret DENO_NO_UPDATE_CHECK=1 NO_COLOR=1 \
  chroot . $(cat "$work/entrypoint") >"$work/app.log" 2>&1 &
app=$!
subscribe() { mosquitto_sub -u addons -P 'p$a ${ss}#%\w' -W 60 "$@" 2>/dev/null; }
detects() { subscribe -t 'orion/+/inferences/#' -C 3 | grep -q '"class":"person"'; }
eventually detects
printf 'the main job, with the broker that the supervisor knows\n'
owners=$(ps -eo uid,args | awk '/main\.ts run --config \/data/ && !/awk/ { print $1 }' | sort -u)
[ "$owners" = 10001 ] || wrong "Orion runs as $owners"
subscribe -t 'homeassistant/#' -C 8 -F '%t' | grep -q '/binary_sensor/orion/demo_' || wrong "no entities"
printf 'its entities are announced, and it runs as user 10001\n'

page=http://172.30.33.5:8099
asks() { curl -s --interface 172.30.32.2 "$@"; }
asks "$page/" | grep -q 'src="assets/main.js"' || wrong "no page"
asks -D - -o /dev/null "$page/" | grep -qi "^content-security-policy:.*frame-ancestors 'self'" || wrong "no frame"
asks "$page/status" | grep -q '"schema":"orion.health/1"' || wrong "no status"
asks -X POST -H 'Origin: http://home.example:8123' -H 'X-Forwarded-Host: home.example:8123' -H 'Content-Type: application/json' \
  -d '{"schema":"orion.command/1","command":"get_status"}' "$page/control" | grep -q '"status":"ok"' || wrong "no command"
# It ends with the time that is given to it.
asks -N -m 5 "$page/events" >"$work/events" || :
grep -q '^event: inference' "$work/events" || wrong "no events"
asks -m 5 "$page/cameras/demo/live.mjpg" >"$work/live" || :
[ "$(grep -ac '^X-Orion-Seq' "$work/live")" -gt 2 ] || wrong "no live pictures"
[ "$(curl -s -o /dev/null -w '%{http_code}' --interface 172.30.33.5 "$page/")" = 403 ] || wrong "others may ask"
printf 'the page, commands, events and live pictures through the ingress; other addresses are refused\n'
main=$(ps -eo pid,args | awk '/app\/main\.ts/ && !/awk/ { print $1 }' | head -n 1)
kill -HUP "$main"
eventually grep -q config.reloaded "$work/app.log"
printf 'its configuration is read again\n'
kill -TERM "$main"
wait "$app" || wrong "it ended with $?"
grep -q 'service.stopped reason=SIGTERM' "$work/app.log" || wrong "it did not stop in order"
printf 'it stops in order\n'
SH
step "running it"
unshare --mount --net --pid --fork --kill-child --mount-proc sh "$work/inside.sh" "$work" "$deno" "$here/supervisor.ts"
step "the app does what it should"
