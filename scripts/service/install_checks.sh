#!/bin/sh
# Installs Orion in each way and has it do its main job. Started by walk_install.sh, as a user with sudo in the
# system of the walk.
set -eu

folder=$HOME/walk
mkdir -p "$folder"
way=

wrong() {
  printf 'error: %s: %s\n' "$way" "$*" >&2
  [ ! -e "$folder/log" ] || tail -n 20 "$folder/log" >&2
  sudo journalctl -u orion -n 20 --no-pager -o cat >&2 || :
  exit 1
}
apt() {
  # shellcheck disable=SC2024
  sudo env DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes --no-install-recommends "$@" \
    >"$folder/log" 2>&1 || wrong "apt-get $*"
}
now() { date +%s.%N; }
# The main job: three messages with a person in them, from the bundled clip.
detects() {
  mosquitto_sub -t 'orion/+/inferences/#' -C 3 -W 60 >"$folder/messages" 2>/dev/null || :
  [ "$(grep -c '"class":"person"' "$folder/messages")" -gt 0 ]
}
# shellcheck source=scripts/service/eventually.sh
. /walk/eventually.sh
# by COMMAND…: starts Orion as this user, waits for its main job, has it read its configuration again, and
# stops it.
by() {
  began=$(now)
  setsid "$@" >"$folder/log" 2>&1 &
  started=$!
  eventually detects
  took=$(echo "$began $(now)" | awk '{ printf "%.1f", $2 - $1 }')
  process=
  for one in /proc/[0-9]*; do
    case $(tr '\0' ' ' <"$one/cmdline" 2>/dev/null) in *main.ts\ run\ *) process=${one#/proc/} ;; esac
  done
  [ -n "$process" ] || wrong "it does not run"
  owner=$(stat -c %U "/proc/$process")
  kill -HUP "$process"
  eventually grep -q 'config.reloaded' "$folder/log"
  kill -TERM "$process"
  wait "$started" || wrong "it ended with $?"
  grep -q 'service.stopped reason=SIGTERM' "$folder/log" || wrong "it did not stop in order"
  printf '%s: the main job after %s s, as %s\n' "$way" "$took" "$owner"
}
printf '%s\n' 'cameras: [{ id: demo, url: "demo:" }]' 'detectors: [{ id: person, model: builtin:person-int8 }]' \
  'mqtt: { listen: "127.0.0.1:1883" }' 'health: { listen: "127.0.0.1:8080" }' >"$folder/orion.yaml"

way="the image"
if [ -s /walk/entrypoint ]; then
  [ -z "$(find /walk/image -path '*/bin/*sh' -o -name busybox)" ] || wrong "it has a shell"
  [ ! -e /walk/image/opt/orion/packaging/container/example ] || wrong "it has the secrets of the example"
  # As a container: a root that is read-only, no capability, a user of its own.
  cat >"$folder/image" <<SH
exec bwrap --unshare-user --unshare-ipc --unshare-uts --ro-bind /walk/image / --proc /proc --dev /dev \\
  --tmpfs /tmp --ro-bind "$folder" /etc/orion --clearenv --setenv DENO_NO_UPDATE_CHECK 1 --setenv NO_COLOR 1 \\
  --cap-drop ALL --uid 10001 --gid 10001 --chdir /etc/orion $(tr '\n' ' ' </walk/entrypoint) "\$@"
SH
  sh "$folder/image" check --config /etc/orion/orion.yaml >"$folder/log" 2>&1 || wrong "check"
  grep -q '^ok: libav: /usr/lib/' "$folder/log" || wrong "it has no libav"
  by sh "$folder/image" run --config /etc/orion/orion.yaml
fi

way="the two commands"
# With Deno and npm's packages as they are after a first call: neither can be fetched here. libav is installed.
if [ -d /walk/checkout ]; then
  mkdir -p "$HOME/.deno/bin"
  tar -xzf /walk/orion.tar.gz -C "$HOME/.deno" --strip-components=1 --wildcards '*/bin/deno'
  cp -r /walk/checkout "$folder/checkout"
  by sh "$folder/checkout/scripts/setup.sh" run --config "$folder/orion.yaml"
  apt purge --autoremove 'libav*' 'libsw*'
fi

way="the package"
first=$(dpkg-deb -f /walk/first.deb Version)
second=$(dpkg-deb -f /walk/second.deb Version)
apt install /walk/first.deb
libraries=$(dpkg-query -W -f '${Status} ${Package}\n' 'lib*' 2>/dev/null | grep -c '^install ok installed')
[ "$(orion --version)" = "orion $first" ] || wrong "it is of another version"
[ "$(sudo systemctl is-active orion)" = inactive ] || wrong "it is started before it is configured"
[ "$(sudo stat -c '%a %U:%G' /etc/orion/orion.yaml)" = "640 root:orion" ] || wrong "the mode of the configuration"
[ -z "$(find /usr/lib/orion ! -user root -o ! -type l -perm /022)" ] || wrong "a file can be changed by others"
completed=$(bash -c '. /usr/share/bash-completion/completions/orion
  COMP_WORDS=(orion run --log-level "") COMP_CWORD=3; _orion; echo "${COMPREPLY[*]}"')
[ "$completed" = "debug info warning error" ] || wrong "bash completes $completed"
for file in man/man1/orion.1.gz bash-completion/completions/orion zsh/vendor-completions/_orion doc/orion/copyright \
  orion/monitoring/orion.dashboard.json orion/monitoring/orion.rules.yml; do
  [ -s "/usr/share/$file" ] || wrong "there is no /usr/share/$file"
done
# shellcheck disable=SC2024
sudo -u orion orion check --config /etc/orion/orion.yaml --connect >"$folder/log" 2>&1 || wrong "check"
began=$(now)
sudo systemctl enable --quiet --now orion
eventually detects
took=$(echo "$began $(now)" | awk '{ printf "%.1f", $2 - $1 }')
[ "$(stat -c %U "/proc/$(sudo systemctl show orion -p MainPID --value)")" = orion ] || wrong "it runs as another user"
printf '%s: the main job after %s s, as orion; %s libraries are on the system\n' "$way" "$took" "$libraries"

way="its reload"
before=$(sudo systemctl show orion -p MainPID --value)
sudo sed -i 's/rateHz: 5/rateHz: 4/' /etc/orion/orion.yaml
sudo systemctl reload orion || wrong "the unit cannot be reloaded"
reloaded() { sudo journalctl -u orion -o cat | grep -q '"config.reloaded"'; }
eventually reloaded
[ "$(sudo systemctl show orion -p MainPID --value)" = "$before" ] || wrong "the service was started again"
printf '%s: the configuration is read again\n' "$way"

way="its upgrade"
echo '# changed here' | sudo tee -a /etc/orion/orion.yaml >/dev/null
before=$(sudo systemctl show orion -p MainPID --value)
apt install /walk/second.deb
[ "$(orion --version)" = "orion $second" ] || wrong "it is of another version"
[ "$(sudo systemctl show orion -p MainPID --value)" != "$before" ] || wrong "the service was not started again"
eventually detects
sudo tail -n 1 /etc/orion/orion.yaml | grep -qx '# changed here' || wrong "the configuration was replaced"
[ "$(sudo stat -c '%a %U:%G' /etc/orion/orion.yaml)" = "640 root:orion" ] || wrong "the mode of the configuration"
printf '%s: the configuration is kept, and the service started again\n' "$way"

way="its rollback"
before=$(sudo systemctl show orion -p MainPID --value)
apt install --allow-downgrades /walk/first.deb
[ "$(orion --version)" = "orion $first" ] || wrong "it is of another version"
[ "$(sudo systemctl show orion -p MainPID --value)" != "$before" ] || wrong "the service was not started again"
eventually detects
sudo tail -n 1 /etc/orion/orion.yaml | grep -qx '# changed here' || wrong "the configuration was replaced"
printf '%s: the same, back to the version before\n' "$way"

way="its removal"
apt remove orion
[ "$(sudo systemctl is-active orion)" != active ] || wrong "it still runs"
[ ! -e /usr/lib/orion ] || wrong "files remain in /usr/lib/orion"
sudo test -e /etc/orion/orion.yaml || wrong "the configuration is gone"
apt purge orion
left=$(sudo find / -xdev \( -path /proc -o -path /walk -o -path /home \) -prune -o -iname '*orion*' -print)
[ -z "$left" ] || wrong "purge leaves $left"
if getent passwd orion || getent group orion; then wrong "purge leaves the user"; fi
printf '%s: the configuration is kept; after purge nothing is left\n' "$way"

way="the archive"
mkdir -p "$folder/portable"
tar -xzf /walk/orion.tar.gz -C "$folder/portable" --strip-components=1
by "$folder/portable/orion" run --config "$folder/orion.yaml"
