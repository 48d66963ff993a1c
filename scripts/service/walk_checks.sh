#!/bin/sh
# Runs the blocks of docs/deploy.md in order, and verifies the outcome of each. Started by walk_deploy.sh, as
# a user with sudo in the system of the walk; all blocks run in this shell, as they do for a person.
set -eu

# shellcheck source=/dev/null
. /walk/versions
# shellcheck disable=SC2154
: "$first" "$second"
password='p$a ss#%\w'
url=http://127.0.0.1:8080

wrong() {
  printf 'error: after the block %s: %s\n' "$name" "$*" >&2
  exit 1
}
# shellcheck source=scripts/service/eventually.sh
. /walk/eventually.sh
printed() { grep -q -- "$1" "/walk/out/$name" || wrong "it did not print: $1"; }
asked() { curl -s -H "Authorization: Bearer $(sudo cat /etc/orion/token)" "$url$1"; }
is_version() { asked /status | grep -q "\"version\":\"$1\""; }
detects() {
  mosquitto_sub -u orion -P "$password" -t 'orion/+/inferences/#' -C 3 -W 30 \
    >/walk/out/subscriber 2>&1
}
# runs VERSION: the service is of that version, ready, and publishes.
runs() {
  eventually is_version "$1"
  eventually detects
  asked /readyz | grep -q '"status":"ready"' || wrong "it is not ready"
  [ "$(sudo systemctl is-active orion)" = active ] || wrong "the unit is not active"
  [ "$(sudo systemctl show orion -p NRestarts --value)" = 0 ] || wrong "it was started again"
}
checks_clean() {
  for what in configuration libav "model of person" "camera gate" broker; do printed "^ok: $what: "; done
  if grep -E '^(warning|error):' "/walk/out/$name"; then wrong "check complained"; fi
}
private() {
  for file in orion.yaml token environment; do
    [ "$(sudo stat -c '%a %U:%G' "/etc/orion/$file")" = "640 root:orion" ] || wrong "the mode of $file"
  done
}

after_libav() { /usr/sbin/ldconfig -p | grep -q 'libavformat\.so\.59 ' || wrong "libavformat is not installed"; }

before_unpack() { cp /walk/first/*.tar.gz .; }
after_unpack() {
  [ "$(/opt/orion/current/orion --version)" = "orion $first" ] || wrong "it is of another version"
  [ -z "$(find /opt/orion ! -user root)" ] || wrong "a file is not of root"
  [ -z "$(find /opt/orion ! -type l -perm /022)" ] || wrong "a file can be written by others"
}

before_configure() {
  # The page's camera is elsewhere.
  sed 's#"rtsp://[^"]*"#"demo:"#' /walk/blocks/orion.yaml >orion.yaml
  printf '#!/bin/sh\ncat /walk/environment >"$1"\n' >editor && chmod +x editor
  export SUDO_EDITOR="$HOME/editor"
}
after_configure() {
  private
  for file in orion.yaml token environment; do
    sudo -u orion cat "/etc/orion/$file" >/dev/null || wrong "the service cannot read $file"
    if sudo -u orion sh -c ": >>/etc/orion/$file" 2>/dev/null; then wrong "the service can change $file"; fi
  done
}

after_check() {
  checks_clean
  printed "^ok: http: $url: free$"
}

after_start() {
  runs "$first"
  sudo systemctl show orion -p User --value | grep -q '^orion$' || wrong "it runs as another user"
  name=check
  run_block
  checks_clean
  printed "^ok: http: $url: in use by this service"
  sudo journalctl -u orion -o cat | grep -q '"event":"service.starting"' || wrong "its log is not in the journal"
}

after_backup() {
  [ "$(sudo stat -c '%a %U' /var/backups/orion.tar.gz)" = "600 root" ] || wrong "others can read the backup"
  sudo tar -tzf /var/backups/orion.tar.gz >"/walk/out/$name"
  for file in etc/orion/orion.yaml etc/orion/token etc/orion/environment etc/systemd/system/orion.service; do
    printed "^$file$"
  done
}

before_upgrade() { rm -- *.tar.gz && cp /walk/second/*.tar.gz .; }
after_upgrade() {
  checks_clean
  printed "^ok: http: $url: in use by this service"
  runs "$second"
}

after_rollback() { runs "$first"; }

before_restore() {
  sudo systemctl disable --now orion 2>/dev/null
  sudo rm -r /etc/orion /etc/systemd/system/orion.service
}
after_restore() {
  private
  runs "$first"
  [ "$(sudo systemctl is-enabled orion)" = enabled ] || wrong "it is not started at boot"
}

# Runs the block $name in this shell, so that its variables stay.
run_block() {
  # shellcheck source=/dev/null
  . "/walk/blocks/$name" >"/walk/out/$name" 2>&1 </dev/null
}
# Shows what the last block printed, and the end of the log.
show() {
  for file in "/walk/out/$name" /walk/out/subscriber; do [ ! -e "$file" ] || tail -n 20 "$file"; done
  sudo journalctl -u orion -n 20 --no-pager -o cat
}
# `set -e` ends this shell where a command of a block fails.
trap '[ $? = 0 ] || show | sed "s/^/    /" >&2' EXIT

printf 'GATE_PASSWORD=unused\n# for the broker\nMQTT_PASSWORD="p\\$a ss#%%\\\\w"\n' >/walk/environment
defined() { command -v "$1" >/dev/null; }
while read -r name; do
  case $name in *.*) continue ;; esac
  printf -- '--- %s\n' "$name"
  defined "after_$name" || wrong "its outcome is not verified: there is no after_$name"
  if defined "before_$name"; then "before_$name"; fi
  run_block
  "after_$name"
done </walk/order
