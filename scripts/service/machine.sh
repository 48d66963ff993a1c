# shellcheck shell=sh
# A systemd that is the first process in namespaces of its own (processes, mounts, network, cgroups). Meant
# to be sourced by scripts that run as root; this machine's own systemd is not touched.
#
#   start_machine GROUP COMMAND…   runs COMMAND there, which ends in become_init; ends with the script
#   inside COMMAND…                runs a command there
#   mount_kernel, become_init      for COMMAND, in the folder of the new root

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}
step() { printf -- '--- %s\n' "$*"; }

machine_outer=
machine_group=

# start_machine NAME COMMAND…: NAME is that of its control group.
start_machine() {
  machine_cgroups=$(findmnt -n -o TARGET -t cgroup2 | sed -n 1p)
  [ -n "$machine_cgroups" ] || fail "there are no cgroups of the second version"
  machine_group=$machine_cgroups/$1
  shift
  mkdir -p "$machine_group"
  trap end_machine EXIT
  trap 'exit 130' INT TERM
  sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec unshare --cgroup --mount --uts --ipc --net --pid \
    --fork --kill-child "$@"' sh "$machine_group" "$@" &
  machine_outer=$!
}

end_machine() {
  # The shell would report what it has killed.
  exec 2>/dev/null
  [ -z "$machine_outer" ] || kill -KILL "$machine_outer" || :
  wait "$machine_outer" || :
  sleep 0.5
  find "$machine_group" -depth -type d -exec rmdir {} + || :
}

inside() { nsenter -t "$(pgrep -P "$machine_outer")" -m -u -i -n -p -C "$@"; }

# is PROPERTY VALUE: whether orion.service has it.
is() { [ "$(inside systemctl show orion -p "$1" --value 2>/dev/null)" = "$2" ]; }

# until_it COMMAND…: at most a minute; runs `explain` when it did not come.
until_it() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ "$tries" -lt 120 ] || { explain >&2; fail "no $*"; }
    sleep 0.5
  done
}

# Mounts what the kernel provides into the current folder, which becomes the root.
mount_kernel() {
  mount -t proc proc proc
  mount --bind proc/sys proc/sys && mount -o remount,ro,bind proc/sys
  mount -t sysfs -o ro sysfs sys
  mount -t cgroup2 none sys/fs/cgroup
  mount -t tmpfs none run
  mount -t tmpfs none dev
  for name in null zero full random urandom tty; do : >"dev/$name" && mount --bind "/dev/$name" "dev/$name"; done
  mkdir dev/pts dev/shm
  mount -t devpts -o newinstance,ptmxmode=0666 none dev/pts
  mount -t tmpfs none dev/shm
  ln -s pts/ptmx dev/ptmx
  ln -s /proc/self/fd dev/fd
}

# become_init TARGET: makes the current folder the root, and this process the systemd that starts TARGET.
become_init() {
  pivot_root . old
  umount -l old
  exec env -i container=trial PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /usr/lib/systemd/systemd --unit="$1" --log-target=null --show-status=0
}
