#!/bin/sh
# Makes a machine ready for Orion, then hands over:
#
#   sh scripts/setup.sh run [arguments of "orion run"]
#   sh scripts/setup.sh test [arguments of "deno task test"]
#
# Prints what it is about to install, and installs only what is missing. With --dry-run in front of the
# other arguments it prints the plan and changes nothing. Asks no questions. Exit code 2: wrong usage,
# or an unknown system; it then lists what to install by hand.
#
# With CI=true `test` installs nginx, Caddy and OpenVINO as well, since nothing is skipped then; with
# ORION_TEST_HOME_ASSISTANT=1 a Home Assistant, where Python 3.13 is found.
#
# For tests: ORION_OS_RELEASE names a file to read instead of /etc/os-release, ORION_SETUP_LACKS is a
# list of parts to take as missing (deno, libav, ffmpeg, mosquitto, rtsp, vlc, faketime, prometheus,
# chromium, nginx, caddy, openvino, modules, home-assistant).
set -eu

: "${HOME:=/root}"
deno_version=2.9.6
deno_installer=https://deno.land/install.sh

# Its versions of what it would install by itself, as its own files name them.
home_assistant="homeassistant==2025.4.4 home-assistant-frontend==20250411.0 paho-mqtt==2.1.0"
home_assistant_folder=$HOME/.cache/orion/home-assistant-2025.4.4

openvino=openvino==2026.4.0
openvino_folder=$HOME/.cache/orion/openvino-2026.4.0

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck disable=SC1091
. "$root/scripts/lib/deno.sh"

# libavutil, libavcodec, libavformat, libswscale: what belongs together, the newest first. The same
# rows as in src/libav/layouts.ts.
libav_rows="61:63:63:10 60:62:62:9 59:61:61:8 58:60:60:7 57:59:59:6 56:58:58:5"
libav_folders="/usr/lib/$(uname -m)-linux-gnu /lib/$(uname -m)-linux-gnu /usr/local/lib /usr/lib64 /usr/lib"

say() { printf '%s\n' "$*" >&2; }

fail() { # CODE MESSAGE...
  code=$1
  shift
  for line in "$@"; do say "setup.sh: $line"; done
  exit "$code"
}

usage() {
  fail 2 "usage: sh scripts/setup.sh run|test [--dry-run] [arguments]" \
    "run starts Orion; test runs every test. Both install what is missing first."
}

# ------------------------------------------------------------------------------- what is missing

pretended() {
  case " ${ORION_SETUP_LACKS:-} " in
    *" $1 "*) return 0 ;;
    *) return 1 ;;
  esac
}

have_program() {
  command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || [ -x "/usr/local/sbin/$1" ]
}

have_libav() {
  for row in $libav_rows; do
    IFS=: read -r util codec format scale <<ROW
$row
ROW
    for folder in $libav_folders; do
      if [ -e "$folder/libavutil.so.$util" ] && [ -e "$folder/libavcodec.so.$codec" ] &&
        [ -e "$folder/libavformat.so.$format" ] && [ -e "$folder/libswscale.so.$scale" ]; then
        return 0
      fi
    done
  done
  return 1
}

have_rtsp_server() {
  [ -x /usr/bin/python3 ] && [ -e /usr/lib/python3/dist-packages/gi/__init__.py ] || return 1
  for folder in $libav_folders; do
    if [ -e "$folder/girepository-1.0/GstRtspServer-1.0.typelib" ] &&
      [ -e "$folder/gstreamer-1.0/libgstisomp4.so" ] && [ -e "$folder/gstreamer-1.0/libgstrtp.so" ] &&
      [ -e "$folder/gstreamer-1.0/libgstvideoparsersbad.so" ]; then
      return 0
    fi
  done
  return 1
}

have_vlc() {
  [ -x /usr/bin/python3 ] || return 1
  for folder in $libav_folders; do
    if [ -e "$folder/libvlc.so.5" ] &&
      [ -e "$folder/vlc/plugins/stream_out/libstream_out_rtp_plugin.so" ]; then
      return 0
    fi
  done
  return 1
}

have_faketime() {
  for folder in $libav_folders; do
    if [ -e "$folder/faketime/libfaketimeMT.so.1" ]; then return 0; fi
  done
  return 1
}

have_chromium() {
  have_program chromium || have_program chromium-browser
}

# Its folder in the checkout leads to what was installed once, by this script or by hand.
have_openvino() { [ -e "$root/openvino/libopenvino_c.so" ]; }

have_pip() { [ -x /usr/bin/python3 ] && [ -e /usr/lib/python3/dist-packages/pip/__main__.py ]; }

# node_modules is current when the lock file equals the copy made at the last installation.
have_modules() {
  cmp -s "$root/deno.lock" "$root/node_modules/.orion-lock"
}

# Home Assistant needs this Python, which few systems have: without it its tests are skipped.
find_python() {
  for candidate in python3.13 python3 "$HOME"/.pyenv/versions/3.13.*/bin/python3; do
    if "$candidate" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info[:2] != (3, 13))' \
      >/dev/null 2>&1; then
      command -v "$candidate"
      return 0
    fi
  done
  return 1
}

have_home_assistant() {
  [ -e "$root/.tools/home-assistant" ] && [ -x "$home_assistant_folder/bin/hass" ]
}

libav_packages() {
  # Policy, not show: show accepts a name that another package merely mentions. One call for all: each
  # call reads the lists.
  known=$(apt-cache policy libavcodec63 libavcodec62 libavcodec61 libavcodec60 libavcodec59 \
    libavcodec58 2>/dev/null | awk '/^libavcodec/ { name = $1 } /Candidate: [0-9]/ { print name }')
  for row in $libav_rows; do
    IFS=: read -r util codec format scale <<ROW
$row
ROW
    case "$known" in
      *"libavcodec$codec:"*)
        echo "libavutil$util libavcodec$codec libavformat$format libswscale$scale"
        return 0
        ;;
    esac
  done
  # No package lists here yet: what the releases known to us carry.
  case $release_name in
    jammy) echo "libavutil56 libavcodec58 libavformat58 libswscale5" ;;
    bookworm) echo "libavutil57 libavcodec59 libavformat59 libswscale6" ;;
    noble) echo "libavutil58 libavcodec60 libavformat60 libswscale7" ;;
    trixie) echo "libavutil59 libavcodec61 libavformat61 libswscale8" ;;
    *) return 1 ;;
  esac
}

# Fills in: native (the Deno to use, or empty), lacks (parts), packages (of Debian).
look() {
  lacks=
  packages=
  native=
  if pretended deno || ! native=$(find_deno); then
    native=
    lacks="$lacks deno"
    if ! have_program npm && { ! have_program curl || ! have_program unzip; }; then
      packages="$packages curl ca-certificates unzip"
    fi
  fi
  if pretended libav || ! have_libav; then
    lacks="$lacks libav"
  fi
  if [ "$command" = test ]; then
    if pretended ffmpeg || ! have_program ffmpeg || ! have_program ffprobe; then
      lacks="$lacks ffmpeg"
      packages="$packages ffmpeg"
    fi
    if pretended mosquitto || ! have_program mosquitto || ! have_program mosquitto_sub; then
      lacks="$lacks mosquitto"
      packages="$packages mosquitto mosquitto-clients"
    fi
    if pretended rtsp || ! have_rtsp_server; then
      lacks="$lacks rtsp"
      packages="$packages python3 python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base"
      packages="$packages gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
    fi
    if pretended vlc || ! have_vlc; then
      lacks="$lacks vlc"
      packages="$packages python3 libvlc5 vlc-plugin-base"
    fi
    if pretended faketime || ! have_faketime; then
      lacks="$lacks faketime"
      packages="$packages libfaketime"
    fi
    if pretended prometheus || ! have_program prometheus || ! have_program promtool; then
      lacks="$lacks prometheus"
      packages="$packages prometheus"
    fi
    if pretended chromium || ! have_chromium; then
      lacks="$lacks chromium"
      packages="$packages chromium"
    fi
    # A person's machine is spared these, and their tests are skipped.
    if [ "${CI:-}" = true ]; then
      for proxy in nginx caddy; do
        if pretended "$proxy" || ! have_program "$proxy"; then
          lacks="$lacks $proxy"
          packages="$packages $proxy"
        fi
      done
      if pretended openvino || ! have_openvino; then
        lacks="$lacks openvino"
        [ -d "$openvino_folder" ] || have_pip || packages="$packages python3-pip"
      fi
    fi
    # 0.8 GB: only where it is asked for.
    if [ "${ORION_TEST_HOME_ASSISTANT:-}" = 1 ] || [ -x "$home_assistant_folder/bin/hass" ]; then
      if pretended home-assistant || ! have_home_assistant; then
        if python=$(find_python); then lacks="$lacks home-assistant"; fi
      fi
    fi
  fi
  if pretended modules || ! have_modules; then lacks="$lacks modules"; fi
}

lacking() {
  case " $lacks " in
    *" $1 "*) return 0 ;;
    *) return 1 ;;
  esac
}

# ---------------------------------------------------------------------------------- which system

# Sets release_name; stops with 2 on a system that this script can't install on.
know_system() {
  release_name=
  file=${ORION_OS_RELEASE:-/etc/os-release}
  system=$(uname -s)
  kinds=
  if [ "$system" = Linux ] && [ -r "$file" ]; then
    # The file is shell by definition; a subshell keeps its variables out of ours.
    # shellcheck source=/dev/null
    kinds=$(. "$file" && echo "${ID:-} ${ID_LIKE:-}")
    # shellcheck source=/dev/null
    release_name=$(. "$file" && echo "${VERSION_CODENAME:-}")
    # shellcheck source=/dev/null
    system=$(. "$file" && echo "${PRETTY_NAME:-${ID:-Linux}}")
  fi
  case " $kinds " in
    *" debian "* | *" ubuntu "* | *" raspbian "*) ;;
    *) unknown_system "$system is none of them" ;;
  esac
  command -v apt-get >/dev/null 2>&1 || unknown_system "$system has no apt-get"
  case $(uname -m) in
    x86_64 | aarch64) ;;
    *) unknown_system "$(uname -m) is neither x86_64 nor aarch64, and Deno needs one of them" ;;
  esac
}

unknown_system() {
  fail 2 "This script installs on Debian, Ubuntu and Raspberry Pi OS (64 bit); $1." \
    "Install by hand: Deno $deno_version or newer (https://docs.deno.com/runtime), and FFmpeg's shared" \
    "libraries, 4.x to 9.x: libavutil, libavcodec, libavformat, libswscale." \
    "For the tests also: the programs ffmpeg and ffprobe, mosquitto with its clients, Python 3 with" \
    "PyGObject, GStreamer's RTSP server with its introspection data and the good and bad plugins," \
    "VLC's library with its base plugins, libfaketime, Prometheus, and Chromium; with CI=true nginx," \
    "Caddy, and OpenVINO as docs/deploy.md says." \
    "Then: deno install --frozen, and deno task run or deno task test."
}

# ----------------------------------------------------------------------------------- installing

announce() {
  say "Missing on this machine; setup.sh is about to install:"
  if [ -n "$packages" ]; then say "  packages of the system (apt-get install):$packages"; fi
  if lacking deno; then
    if have_program npm; then
      say "  Deno $deno_version, from npm, into $HOME/.deno"
    else
      say "  Deno $deno_version, by its official installer ($deno_installer), into $HOME/.deno;"
      say "  where that can't be reached, from npm, with the distribution's npm (apt-get install npm)"
    fi
  fi
  if lacking modules; then
    say "  the JavaScript packages of deno.lock, into $root/node_modules"
  fi
  if lacking home-assistant; then
    say "  Home Assistant for its tests, 0.8 GB from PyPI, into $home_assistant_folder"
  fi
  if lacking openvino; then
    say "  OpenVINO for its tests, 60 MB from PyPI, into $openvino_folder"
  fi
  for service in $(test_services); do
    say "  ($service's own service will be neither started nor enabled)"
  done
}

may_install() { [ "$(id -u)" = 0 ] || command -v sudo >/dev/null 2>&1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    fail 2 "This needs root, and there is no sudo. Ask an administrator to run:" "  $*"
  fi
}

# Prints all commands that need root at once.
need_administrator() {
  set -- "  apt-get update"
  services=$(test_services)
  set -- "$@" "  ${services:+RUNLEVEL=1 }apt-get install --no-install-recommends$packages"
  for service in $services; do
    if [ -d /run/systemd/system ]; then
      set -- "$@" "  systemctl disable --now $service.service"
    else
      set -- "$@" "  update-rc.d $service disable"
    fi
  done
  fail 2 "This needs root, and there is no sudo. Ask an administrator to run:" "$@" \
    "Then start setup.sh again: it installs the rest without root."
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q -y "$@" >&2; }

# The tests start what they need by themselves, on ports of their own; these services should not keep
# listening on a machine because the tests ran there.
test_services() {
  for service in mosquitto prometheus nginx caddy; do
    if lacking "$service"; then echo "$service"; fi
  done
}

hold_services() {
  [ -d /run/systemd/system ] || return 0
  for service in $(test_services); do
    as_root systemctl mask "$service.service" >&2 || say "setup.sh: could not hold $service's service"
  done
}

free_services() {
  for service in $(test_services); do
    if [ -d /run/systemd/system ]; then
      as_root systemctl unmask "$service.service" >&2 || true
      as_root systemctl disable "$service.service" >&2 || true
    elif command -v update-rc.d >/dev/null 2>&1; then
      as_root update-rc.d "$service" disable >&2 || true
    fi
  done
}

install_packages() {
  [ -n "$packages" ] || return 0
  may_install || need_administrator
  apt update || fail 1 "apt-get update failed; see above."
  if lacking libav; then
    # The updated lists may have a newer release than was announced.
    libav=$(libav_packages) || fail 1 "No package of libavcodec that Orion knows (58 to 63) was found."
    packages="$other_packages $libav"
  fi
  hold_services
  # One word each, on purpose.
  # shellcheck disable=SC2086
  apt install --no-install-recommends $packages || {
    free_services
    fail 1 "apt-get could not install:$packages"
  }
  free_services
}

deno_from_npm() {
  npm install --global --no-fund --no-audit --no-update-notifier --prefix "$prefix" "deno@$deno_version" >&2
}

deno_from_installer() {
  if ! have_program curl || ! have_program unzip; then
    may_install || return 1
    apt install --no-install-recommends curl ca-certificates unzip || return 1
  fi
  script=$(mktemp)
  outcome=0
  curl -fsSL -o "$script" "$deno_installer" &&
    DENO_INSTALL=$prefix sh "$script" --no-modify-path "v$deno_version" </dev/null >&2 || outcome=1
  rm -f "$script"
  return "$outcome"
}

# npm may reach a mirror of the registry where deno.land and github.com are blocked.
deno_from_new_npm() {
  say "setup.sh: $deno_installer did not work; taking Deno from npm, with the distribution's npm."
  may_install || fail 2 "This needs root, and there is no sudo. Ask an administrator to run:" \
    "  apt-get update" "  apt-get install --no-install-recommends npm" \
    "Then start setup.sh again: it installs the rest without root."
  apt update || fail 1 "apt-get update failed; see above."
  apt install --no-install-recommends npm || fail 1 "apt-get could not install npm; see above."
  deno_from_npm
}

install_deno() {
  lacking deno || return 0
  prefix=$HOME/.deno
  if have_program npm; then
    deno_from_npm || deno_from_installer ||
      fail 1 "Deno could be installed neither from npm nor by its installer ($deno_installer); see above."
  else
    deno_from_installer || deno_from_new_npm ||
      fail 1 "Deno could be installed neither by its installer ($deno_installer) nor from npm; see above."
  fi
  native=$(ORION_DENO=$prefix/bin/deno find_deno) ||
    fail 1 "Deno was installed into $prefix, but it does not run: try $prefix/bin/deno --version."
}

install_modules() {
  lacking modules || return 0
  (cd "$root" && "$native" install --frozen --quiet >&2) ||
    fail 1 "The JavaScript packages could not be installed: see above; deno install --frozen tries again."
  cp "$root/deno.lock" "$root/node_modules/.orion-lock"
}

build_home_assistant() {
  rm -rf "$home_assistant_folder" "$home_assistant_folder.new"
  mkdir -p "$(dirname "$home_assistant_folder")"
  # One word each, on purpose. uv resolves in seconds what takes pip minutes.
  # shellcheck disable=SC2086
  "$python" -m venv "$home_assistant_folder.new" &&
    "$home_assistant_folder.new/bin/python" -m pip install -q uv==0.6.10 &&
    "$home_assistant_folder.new/bin/python" -m uv pip install -q --link-mode copy \
      --python "$home_assistant_folder.new/bin/python" $home_assistant &&
    mv "$home_assistant_folder.new" "$home_assistant_folder"
}

install_home_assistant() {
  lacking home-assistant || return 0
  if [ ! -x "$home_assistant_folder/bin/hass" ] && ! build_home_assistant >&2; then
    rm -rf "$home_assistant_folder.new"
    say "setup.sh: Home Assistant could not be installed; see above. Its tests will be skipped."
    return 0
  fi
  mkdir -p "$root/.tools"
  printf '#!/bin/sh\nexec "%s/bin/python" -m homeassistant "$@"\n' "$home_assistant_folder" \
    >"$root/.tools/home-assistant"
}

build_openvino() {
  rm -rf "$openvino_folder.new"
  mkdir -p "$openvino_folder.new"
  # A variable, since pip before 22.1 refuses the option.
  PIP_ROOT_USER_ACTION=ignore /usr/bin/python3 -m pip install -q --disable-pip-version-check --no-deps \
    --target "$openvino_folder.new" "$openvino" &&
    (cd "$openvino_folder.new/openvino/libs" && ln -s libopenvino_c.so.* libopenvino_c.so) &&
    mv "$openvino_folder.new" "$openvino_folder"
}

install_openvino() {
  lacking openvino || return 0
  [ -d "$openvino_folder" ] || build_openvino >&2 ||
    fail 1 "OpenVINO could not be installed; see above."
  ln -sfn "$openvino_folder/openvino/libs" "$root/openvino"
}

# ------------------------------------------------------------------------------------------ main

[ $# -gt 0 ] || usage
command=$1
shift
dry_run=false
if [ "${1:-}" = --dry-run ]; then
  dry_run=true
  shift
fi
case $command in
  run | test) ;;
  -h | --help | help)
    sed -n '2,12s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
  *) usage ;;
esac

know_system
look
if [ -n "$lacks" ]; then
  other_packages=$packages
  if lacking libav; then
    packages="$packages $(libav_packages || echo 'libavutil* libavcodec* libavformat* libswscale*')"
  fi
  announce
  if [ "$dry_run" = false ]; then
    install_packages
    install_deno
    install_modules
    install_home_assistant
    install_openvino
  fi
elif [ "$dry_run" = true ]; then
  say "Nothing is missing."
fi
if [ "$dry_run" = true ]; then exit 0; fi

# Tasks and tests find the same Deno.
PATH=$(dirname "$native"):$PATH
export PATH
case $command in
  run) exec sh "$root/scripts/orion.sh" run "$@" ;;
  test)
    cd "$root"
    exec "$native" task --quiet test "$@"
    ;;
esac
