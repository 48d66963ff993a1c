#!/bin/sh
# Runs the image with podman or docker by the marked blocks of docs/container.md, and verifies what the page
# promises. Started by walk_container.sh, as root in the system of the walk, whose own mosquitto is a broker
# outside the containers.
set -eu

engine=$1
name=orion-walk
outside=192.0.2.1
folder=$HOME/$engine
page=http://127.0.0.1:8080
way=

wrong() {
  printf 'error: %s: %s: %s\n' "$engine" "$way" "$*" >&2
  tail -n 5 "$folder/log" >&2 || :
  "$engine" logs "$name" 2>&1 | tail -n 20 >&2 || :
  exit 1
}
said() { printf '%s: %s: %s\n' "$engine" "$way" "$*"; }
now() { date +%s.%N; }
since() { echo "$1 $(now)" | awk '{ printf "%.1f", $2 - $1 }'; }
# shellcheck source=scripts/service/eventually.sh disable=SC1091
. /walk/eventually.sh
# becomes HEALTH: within the time that the image's check takes to fail three times.
becomes() {
  tries=0
  until is "$1"; do
    tries=$((tries + 1))
    [ "$tries" -lt 180 ] || wrong "it does not become $1: $(inspect '{{json .State.Health}}')"
    sleep 1
  done
}
inspect() { "$engine" inspect --type container --format "$1" "$name"; }
logged() { "$engine" logs "$name" 2>&1 | grep -q "$1"; }
is() { [ "$(inspect '{{.State.Health.Status}}')" = "$1" ]; }
status() { [ "$(curl -s -m 2 -o "$folder/answer" -w '%{http_code}' -H "Authorization: Bearer $token" "$page$2")" = "$1" ]; }
not_ready() { status 503 /readyz; }
subscribe() { mosquitto_sub -u orion -P "$password" "$@" 2>/dev/null; }
detects() { subscribe -t 'orion/+/inferences/#' -C 3 -W 5 | grep -q '"class":"person"'; }
state() { subscribe -t 'orion/+/status' -C 1 -W 5; }
# stopped COMMAND…: ends the container in order.
stopped() {
  began=$(now)
  "$@" >"$folder/log" 2>&1 || wrong "it is not stopped"
  took=$(since "$began")
  [ "$(inspect '{{.State.ExitCode}}')" = 0 ] || wrong "it ended with $(inspect '{{.State.ExitCode}}')"
  logged 'service.stopped reason=SIGTERM' || wrong "it did not stop in order"
}
# block NAME [SED…]: a block of the page, for this engine.
block() {
  marked=$1
  shift
  sed -e "s/podman run/$engine run/; s/docker run/$engine run/; s/docker compose/$compose/" "$@" "/walk/blocks/$marked"
}

if [ "$engine" = podman ]; then
  compose=podman-compose
  sed -i '/^netns/d' /etc/containers/containers.conf
elif docker compose version >/dev/null 2>&1; then
  compose='docker compose'
else
  compose=docker-compose
fi
cd "$folder"

"$engine" rm --force "$name" >/dev/null 2>&1 || :
way="the image"
[ "$("$engine" image inspect --format '{{.Config.User}}' orion)" = 10001:10001 ] || wrong "it runs as another user"
"$engine" image inspect orion | grep -q health.ts || wrong "it has no health check"
if "$engine" run --rm --entrypoint /bin/sh orion -c true >log 2>&1; then wrong "it has a shell"; fi

way="any other way to start it"
mkdir -p etc && cd etc
# shellcheck disable=SC2016
password='p$a ${ss}#%\w'
token=a-token-of-the-walk
printf '%s' "$token" >../token
cat >orion.yaml <<YAML
cameras: [{ id: demo, url: "demo:" }]
detectors: [{ id: person, model: builtin:person-int8, rateHz: 5 }]
mqtt: { url: "mqtt://$outside", username: orion, password: "\${MQTT_PASSWORD}" }
health: { listen: "0.0.0.0:8080", token: { file: /run/secrets/token } }
YAML
chown 10001 ../token && chmod 0400 ../token
printf 'listener 1883\npassword_file /etc/mosquitto/passwords\n' >/etc/mosquitto/conf.d/walk.conf
mosquitto_passwd -b -c /etc/mosquitto/passwords orion "$password" 2>/dev/null
chown mosquitto /etc/mosquitto/passwords
systemctl restart mosquitto
more="--env MQTT_PASSWORD --volume $folder/token:/run/secrets/token:ro"
MQTT_PASSWORD=$password
export MQTT_PASSWORD
eval "$(block run -e "s#run #run --rm $more #") check --connect" >../log 2>&1 || wrong "check"
for what in configuration libav confinement "model of person" "camera demo" broker; do
  grep -q "^ok: $what: " ../log || wrong "check says nothing of $what"
done
# The broker of the walk has no TLS.
if grep -E '^(warning|error):' ../log | grep -v 'travels unencrypted'; then wrong "check complains"; fi
confinement=$(sed -n 's/^ok: confinement: //p' ../log)

# The folder in place of the file, for the reload.
began=$(now)
eval "$(block run -e "s#run #run --detach --name $name $more #" -e 's#/orion.yaml:/etc/orion/orion.yaml:ro#:/etc/orion:ro#')" \
  >../log 2>&1 || wrong "run"
eventually detects
took=$(since "$began")
process=$(pgrep -P "$(inspect '{{.State.Pid}}')")
for line in Uid:.10001.10001 NoNewPrivs:.1 CapEff:.0000000000000000 CapBnd:.0000000000000000 Seccomp:.2; do
  grep -q "^$line" "/proc/$process/status" || wrong "not $line: $(grep "^${line%%:*}" "/proc/$process/status")"
done
awk '$5 == "/" { last = $6 } END { exit last !~ /^ro(,|$)/ }' "/proc/$process/mountinfo" || wrong "its root is writable"
status 200 /status || wrong "the published port"
said "the main job after $took s; $confinement"

way="its health"
becomes healthy
systemctl stop mosquitto
eventually not_ready
sleep 31
is healthy || wrong "a broker that is gone makes it unhealthy"
systemctl start mosquitto
eventually detects
kill -STOP "$process"
becomes unhealthy
kill -CONT "$process"
becomes healthy
said "healthy, and unhealthy while it hangs; a broker that is gone is in /readyz"

way="its reload"
sed -i 's/rateHz: 5/rateHz: 4/' orion.yaml
"$engine" kill --signal HUP "$name" >/dev/null
eventually logged config.reloaded
said "without a new start"

way="the dashboard"
"$engine" cp "$name:/opt/orion/packaging/monitoring" "$folder/monitoring"
[ -s "$folder/monitoring/orion.dashboard.json" ] || wrong "it is not there"

way="its end"
stopped "$engine" stop "$name"
state | grep -q '"state":"offline"' || wrong "the broker has no offline"
said "offline, and exit code 0, after $took s"
"$engine" rm "$name" >/dev/null
eval "$(block run -e "s#run #run --detach --name $name $more #" -e 's/--init//')" >../log 2>&1 || wrong "run"
eventually logged 'camera.state_changed.*state=online'
stopped "$engine" stop "$name"
said "the same without --init, after $took s"
"$engine" rm "$name" >/dev/null
systemctl stop mosquitto

way="the example, $compose"
cd "$folder/orion-image"
block secrets -e 's/sudo //' >../secrets
# shellcheck disable=SC1091
. ../secrets >../log 2>&1
password=$(cat container/example/mqtt_password)
token=$(cat container/example/token)
# Control groups count nothing here, and podman insists.
[ "$engine" != podman ] || sed -i '/mem_limit\|pids_limit/d' compose.yaml
eval "$(block up)" >../log 2>&1 || wrong "up"
name=$("$engine" ps --format '{{.Names}}' | grep "orion[_-]1")
eventually detects
status 200 /status || wrong "the page refuses its token"
if "$engine" logs "$name" 2>&1 | grep WARN | grep -v 'travels unencrypted'; then wrong "it warns"; fi
"$engine" kill --signal HUP "$name" >/dev/null
eventually logged config.reloaded
# runs_of IMAGE: the container of Orion is of this image, and detects.
runs_of() {
  [ "$(inspect '{{.Image}}' | sed 's/^sha256://')" = "$1" ] || wrong "it is of another image"
  eventually detects
}
of() { "$engine" image inspect --format '{{.Id}}' "$1" | sed 's/^sha256://'; }
first=$(of orion)
eval "$(block keep -e "s/docker tag/$engine tag/")"
printf 'FROM orion:before\nENV ORION_WALK=next\n' | "$engine" build -t orion - >../log 2>&1 || wrong "a next image"
next=$(of orion)
[ "$next" != "$first" ] || wrong "the next image is the first"
eval "$(block upgrade)" >../log 2>&1 || wrong "upgrade"
runs_of "$next"
eval "$(block back -e "s/docker tag/$engine tag/")" >../log 2>&1 || wrong "back"
runs_of "$first"
eval "stopped $compose stop orion"
state | grep -q '"state":"offline"' || wrong "the broker has no offline"
$compose down >../log 2>&1 || wrong "down"
said "the main job, its page, reload, another image and back, and its end"
