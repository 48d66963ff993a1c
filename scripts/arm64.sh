#!/bin/sh
# Runs tests and the packed Orion for aarch64 on an x86_64 machine, emulated by qemu-user: Deno from npm,
# libav and the C library from Debian, unpacked into a folder. Installs nothing into the system; needs
# apt-get, dpkg-deb, npm, unprivileged namespaces and Linux 6.7, and for the tests what scripts/setup.sh
# installs.
#
#   sh scripts/arm64.sh FOLDER [TEST …]     fetches what is missing into FOLDER, then runs the tests named
#                                           (files), or all that can run there, and the packed Orion
#
# Emulation is ten to thirty times slower than the machine itself: it shows that things work, never how
# fast. WITH in the environment is a command that each step is run with, such as "nice".
set -eu

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

[ $# -ge 1 ] || fail "usage: sh scripts/arm64.sh FOLDER [TEST …]"
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(dirname -- "$here")
mkdir -p -- "$1"
work=$(CDPATH='' cd -- "$1" && pwd -P)
shift
sysroot=$work/sysroot
deno_version="~2.9.0"
libav="libavutil57 libavcodec59 libavformat59 libswscale6"
for program in apt-get dpkg-deb npm unshare chroot; do
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
  # As everywhere today: what is in /lib is in /usr/lib.
  cp -a "$sysroot/lib/." "$sysroot/usr/lib/" && rm -rf "${sysroot:?}/lib"
  : >"$sysroot/.done"
fi
deno=$work/node_modules/@deno/linux-arm64-glibc/deno
if [ ! -e "$deno" ]; then
  npm install --prefix "$work" --no-save --force --no-fund --no-audit --os=linux --cpu=arm64 --libc=glibc \
    "@deno/linux-arm64-glibc@$deno_version" >&2
  chmod +x "$deno"
fi

# A Raspberry Pi 4's processor, for the emulator and in /proc/cpuinfo. qemu shows this machine's own
# /proc/cpuinfo; ONNX Runtime parses it for ARM's fields and crashes without them.
processor=cortex-a72
for number in 0 1; do
  printf '%s\t: %s\n' processor "$number" BogoMIPS 108.00 Features 'fp asimd evtstrm crc32 cpuid' \
    'CPU implementer' 0x41 'CPU architecture' 8 'CPU variant' 0x0 'CPU part' 0xd08 'CPU revision' 3
  echo
done >"$work/cpuinfo"

rm -rf "$work/shipped" && mkdir -p "$work/out" "$work/shipped" "$work/root" "$work/cache"
sh "$root/scripts/lib/tool.sh" package --target aarch64-unknown-linux-gnu --deno "$deno" --out "$work/out"
tar -xzf "$work"/out/*.tar.gz -C "$work/shipped" --strip-components=1
rm -f "$work"/out/*.tar.gz

# The root is assembled in namespaces of its own. It is this machine's, with the target's libraries beside
# its own, and binfmt_misc emulates the target's programs: Deno alone. What tests start besides (ffmpeg,
# mosquitto, the RTSP server) stands for cameras and brokers, and runs natively.
# shellcheck disable=SC2016
inside='
  set -e
  work=$1 repo=$2
  shift 2
  cd "$work"
  mount -t tmpfs none root
  cd root
  mkdir usr etc proc dev sys tmp repo shipped cache
  for name in bin sbin lib lib64; do ln -s "usr/$name" "$name"; done
  : >deno && mount --bind ../node_modules/@deno/linux-arm64-glibc/deno deno
  mount -t overlay -o "lowerdir=$work/sysroot/usr:/usr" none usr
  for name in etc proc dev sys; do mount --rbind "/$name" "$name"; done
  mount --bind ../cpuinfo proc/cpuinfo
  mount --rbind "$repo" repo
  mount --bind ../shipped shipped
  mount --bind ../cache cache
  mount -t binfmt_misc none proc/sys/fs/binfmt_misc
  elf="\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
  mask="\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
  printf %s ":aarch64:M::$elf:$mask:$work/qemu/usr/bin/qemu-aarch64-static:F" >proc/sys/fs/binfmt_misc/register
  exec chroot "$work/root" "$@"
'
# Factor on the time-outs of the tests.
patience=10
# emulate PROGRAM ARGUMENT…: in place of the shell.
emulate() {
  # WITH is one word each, on purpose.
  # shellcheck disable=SC2086
  exec ${WITH:-} env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp DENO_DIR=/cache NO_COLOR=1 \
    DENO_NO_UPDATE_CHECK=1 ORT_DISABLE_TELEMETRY=1 ORION_DENO=/deno QEMU_CPU="$processor" \
    ORION_TEST_PATIENCE="$patience" unshare -rm sh -c "$inside" sh "$work" "$root" "$@"
}
emulated() { (emulate "$@"); }

[ "$(emulated /deno eval 'Deno.stdout.writeSync(new TextEncoder().encode(Deno.build.arch))')" = aarch64 ] ||
  fail "Linux does not start the target's programs here: its version has to be 6.7 or newer"

# Not run here. The group memory: it bounds the memory of the process, which includes the emulator's cache
# of translated code (12 MiB more in 2400 frames). The other tests of e2e: they follow a camera in real
# time, and the emulator needs seconds for each inference.
whole='check|demo|main_job|mqtt_broker|permissions'

tests_of() { # GROUP
  case $1 in
    inference) find tests/unit/inference -name '*_test.ts' ;;
    e2e) find tests/e2e -name '*_test.ts' | grep -E "/($whole)_test\.ts$" ;;
    *) find "tests/$1" -name '*_test.ts' ;;
  esac | sort
}

cd "$root"
passed=0
failed=0
# count WORD FILE: the number before it in the summary.
count() { sed -n "s/^\(ok\|FAILED\) |.* \([0-9]*\) $1.*/\2/p" "$2" | tail -n 1; }
for group in ffi inference workers permissions e2e; do
  flags=
  for file in $(tests_of "$group"); do
    [ $# -eq 0 ] || case " $* " in *" $file "*) ;; *) continue ;; esac
    [ -n "$flags" ] || flags=$(emulated /deno run --quiet --no-prompt --cached-only --node-modules-dir=manual \
      --ignore-env --allow-env=PATH --allow-read=/repo,/usr,/bin,/sbin,/lib --config /repo/deno.json \
      /repo/scripts/testing/flags.ts "$group" /tmp)
    log=$work/$(basename "$file").log
    started=$(date +%s)
    # One flag each.
    # shellcheck disable=SC2086
    emulated /deno test --no-check --no-lock --node-modules-dir=manual --cached-only --sanitize-ops \
      --sanitize-resources $flags --config /repo/deno.json "/repo/$file" >"$log" 2>&1 || :
    good=$(count passed "$log")
    bad=$(count failed "$log")
    printf '%s: %s passed, %s failed, %s s\n' "$file" "${good:-0}" "${bad:-?}" "$(($(date +%s) - started))"
    # No passed test is a failure too: all were skipped for a missing program, or the run crashed.
    [ "${good:-0}" -gt 0 ] || bad=1
    [ "${bad:=1}" = 0 ] || sed 's/^/    /' "$log" | tail -n 60
    passed=$((passed + ${good:-0}))
    failed=$((failed + bad))
  done
done
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] || exit 1
[ $# -eq 0 ] || exit 0

printf '%s\n' "--- the packed Orion loads its model and opens the bundled clip, each in its worker"
# The demo, at ports of its own.
port=18830
cat >"$work/shipped/trial.yaml" <<YAML
cameras: [{ id: demo, url: "demo:" }]
detectors: [{ id: person, model: builtin:person }]
mqtt: { listen: "127.0.0.1:$port" }
health: { listen: "127.0.0.1:$((port + 1))" }
YAML
emulated sh /shipped/orion check --connect --config /shipped/trial.yaml

printf '%s\n' "--- the packed Orion runs the demo until it has detected a person and a subscriber has the message"
log=$work/run.log
: >"$log"
emulate sh /shipped/orion run --config /shipped/trial.yaml 2>"$log" &
running=$!
seconds=0
until grep -q 'presence.started' "$log"; do
  seconds=$((seconds + 1))
  if [ "$seconds" -gt 300 ] || ! kill -0 "$running" 2>/dev/null; then
    tail -n 20 "$log" >&2
    kill "$running" 2>/dev/null || :
    fail "no person was detected within $seconds s"
  fi
  sleep 1
done
mosquitto_sub -p "$port" -t 'orion/+/inferences/#' -C 1 -W 120 || fail "no message arrived"
kill -TERM "$running"
wait "$running" || fail "it ended with $?"
grep -E 'detector.loaded|camera.stream_changed|presence.started|service.stopped' "$log"
