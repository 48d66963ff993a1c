#!/bin/sh
# Runs checks for aarch64 on an x86_64 machine, emulated by qemu-user: Deno from npm, libav and the C
# library from Debian, unpacked into a folder. Installs nothing into the system; needs apt-get, dpkg-deb
# and npm.
#
#   sh scripts/arm64.sh FOLDER            fetches what is missing into FOLDER, then runs the checks
#
# Emulation is ten to thirty times slower than the machine itself: it shows that things work, never how
# fast.
set -eu

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

[ $# -eq 1 ] || fail "usage: sh scripts/arm64.sh FOLDER"
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(dirname -- "$here")
mkdir -p -- "$1"
work=$(CDPATH='' cd -- "$1" && pwd -P)
sysroot=$work/sysroot
deno_version="~2.9.0"
libav="libavutil57 libavcodec59 libavformat59 libswscale6"
for program in apt-get dpkg-deb npm; do
  command -v "$program" >/dev/null || fail "$program is not installed"
done

# An apt of its own: its lists, its cache and its idea of what is installed are in the folder.
apt_own() { # ARCHITECTURE ARGUMENTS...
  apt_in=$work/apt-$1
  apt_arch=$1
  shift
  mkdir -p "$apt_in/lists/partial" "$apt_in/archives/partial"
  [ -e "$apt_in/status" ] || : >"$apt_in/status"
  apt-get -qq -o APT::Architecture="$apt_arch" -o APT::Architectures="$apt_arch" \
    -o Dir::State="$apt_in" -o Dir::State::status="$apt_in/status" -o Dir::State::lists="$apt_in/lists" \
    -o Dir::Cache="$apt_in" -o Dir::Cache::archives="$apt_in/archives" -o APT::Sandbox::User=root \
    -o APT::Install-Recommends=false -o Debug::NoLocking=true "$@"
}

unpack() { # ARCHITECTURE FOLDER
  mkdir -p "$2"
  for package in "$work/apt-$1"/archives/*.deb; do dpkg-deb -x "$package" "$2"; done
}

if [ ! -e "$work/qemu/usr/bin/qemu-aarch64-static" ]; then
  apt_own amd64 update
  apt_own amd64 install --download-only -y qemu-user-static
  unpack amd64 "$work/qemu"
fi
if [ ! -e "$sysroot/.done" ]; then
  apt_own arm64 update
  # One word each, on purpose.
  # shellcheck disable=SC2086
  apt_own arm64 install --download-only -y libc6 libgcc-s1 libstdc++6 $libav
  unpack arm64 "$sysroot"
  : >"$sysroot/.done"
fi
deno=$work/node_modules/@deno/linux-arm64-glibc/deno
if [ ! -e "$deno" ]; then
  npm install --prefix "$work" --no-save --force --no-fund --no-audit --os=linux --cpu=arm64 --libc=glibc \
    "@deno/linux-arm64-glibc@$deno_version" >&2
  chmod +x "$deno"
fi

# qemu finds the target's libraries below a prefix, but Deno looks at files in ways it does not redirect:
# so the sysroot is made the root, in a mount namespace of its own.
command -v unshare >/dev/null || fail "unshare is not installed"
mkdir -p "$sysroot/proc" "$sysroot/dev" "$sysroot/tmp" "$sysroot/repo" "$sysroot/shipped"
cp "$work/qemu/usr/bin/qemu-aarch64-static" "$sysroot/qemu"
cp "$deno" "$sysroot/deno"
rm -rf "$work/shipped" && mkdir -p "$work/out" "$work/shipped"
sh "$root/scripts/lib/tool.sh" package --target aarch64-unknown-linux-gnu --deno "$deno" --out "$work/out"
tar -xzf "$work"/out/*.tar.gz -C "$work/shipped" --strip-components=1
rm -f "$work"/out/*.tar.gz

# shellcheck disable=SC2016
inside='
  mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" && mount --rbind "$2" "$1/repo" &&
    mount --bind "$3" "$1/shipped" && cd / || exit
  root=$1 && shift 3
  exec chroot "$root" /qemu /deno "$@"
'
# /sys is left out, so ONNX Runtime warns that it cannot tell what the processor can do.
emulate() { # in place of the shell
  exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp DENO_DIR=/tmp/deno NO_COLOR=1 \
    DENO_NO_UPDATE_CHECK=1 ORT_DISABLE_TELEMETRY=1 ORION_TEST_PARTS=libav \
    unshare -rm sh -c "$inside" sh "$sysroot" "$root" "$work/shipped" "$@"
}

emulated() { (emulate "$@"); }

printf '%s\n' "--- libav's tests" >&2
emulated test --no-check --no-lock --node-modules-dir=manual --cached-only --no-prompt \
  --allow-read=/repo,/usr/lib,/lib,/tmp,/nowhere --allow-write=/tmp --allow-env=CI,PATH,ORION_TEST_PARTS \
  --allow-ffi=/usr/lib/aarch64-linux-gnu --config /repo/deno.json \
  /repo/tests/ffi/locate_test.ts /repo/tests/ffi/library_test.ts /repo/tests/ffi/decoder_test.ts

printf '%s\n' "--- the shipped Orion loads its model and opens the bundled clip, each in its worker" >&2
emulated run --quiet --no-prompt --cached-only --no-remote --config /shipped/deno.json --ignore-env \
  --allow-env=ORION_CONFIG,ORT_DISABLE_TELEMETRY --allow-read=/shipped,/usr/lib/aarch64-linux-gnu \
  --allow-ffi=/shipped,/usr/lib/aarch64-linux-gnu --allow-net=127.0.0.1:1883,127.0.0.1:8080 \
  /shipped/main.ts check --connect

printf '%s\n' "--- the shipped Orion runs the demo until it has seen somebody" >&2
log=$work/run.log
: >"$log"
emulate run --quiet --no-prompt --cached-only --no-remote --config /shipped/deno.json --ignore-env \
  --allow-env=ORION_CONFIG,ORT_DISABLE_TELEMETRY --allow-read=/shipped,/usr/lib/aarch64-linux-gnu \
  --allow-ffi=/shipped,/usr/lib/aarch64-linux-gnu --allow-net=127.0.0.1:1883,127.0.0.1:8080 \
  /shipped/main.ts run 2>"$log" &
running=$!
seconds=0
until grep -q 'sees="person' "$log"; do
  seconds=$((seconds + 1))
  if [ "$seconds" -gt 300 ] || ! kill -0 "$running" 2>/dev/null; then
    tail -n 20 "$log" >&2
    kill "$running" 2>/dev/null || :
    fail "nobody was seen within $seconds s"
  fi
  sleep 1
done
kill -TERM "$running"
wait "$running" || fail "it ended with $?"
grep -E 'detector.ready|camera.stream|sees=|service.stopped' "$log" >&2
