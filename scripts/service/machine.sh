# shellcheck shell=sh
# A systemd that is the first process in namespaces of its own (processes, mounts, network, cgroups). Meant
# to be sourced by scripts that run as root; this machine's own systemd is not touched.
#
#   open_folder FOLDER PROGRAM…    makes the folder of a walk, $work; fails without root or one of the programs
#   start_machine GROUP COMMAND…   runs COMMAND there, which ends in become_init; ends with the script
#   inside COMMAND…                runs a command there
#   mount_kernel, become_init      for COMMAND, in the folder of the new root
#   debian_mirror                  prints where this machine's apt gets Debian's packages
#   marked_blocks PAGE FOLDER      writes the blocks of a page that a walk runs

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}
step() { printf -- '--- %s\n' "$*"; }

open_folder() {
  open_folder=$1
  shift
  [ "$(id -u)" = 0 ] || fail "it takes root to be the first process of a machine"
  for program in "$@"; do
    command -v "$program" >/dev/null || fail "$program is not installed"
  done
  mkdir -p -- "$open_folder"
  # For the script.
  # shellcheck disable=SC2034
  work=$(CDPATH='' cd -- "$open_folder" && pwd -P)
}

debian_mirror() {
  # shellcheck disable=SC2016
  mirror_found=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL)' | sort -u |
    sed -n 's/ Debian Debian$//p' | sed -n 1p)
  [ -n "$mirror_found" ] || fail "this machine's apt does not get its packages from a mirror of Debian"
  printf '%s\n' "$mirror_found"
}

# The blocks whose fence says walked=NAME: each in FOLDER/blocks/NAME, and their names in order in FOLDER/order.
marked_blocks() {
  mkdir -p "$2/blocks"
  awk -v out="$2" '
    /^```/ {
      if (open) { open = 0; file = ""; next }
      open = 1
      if (match($0, /walked=[a-z.]+$/)) {
        name = substr($0, RSTART + 7)
        file = out "/blocks/" name
        printf "" >file
        print name >(out "/order")
      }
      next
    }
    file != "" { print >file }' "$1"
  [ -s "$2/order" ] || fail "$1 has no block that is walked"
}

machine_outer=
machine_group=
# Empty: the network is this machine's own.
machine_network=--net

# start_machine NAME COMMAND…: NAME is that of its control group.
start_machine() {
  machine_cgroups=$(findmnt -n -o TARGET -t cgroup2 | sed -n 1p)
  [ -n "$machine_cgroups" ] || fail "there are no cgroups of the second version"
  machine_group=$machine_cgroups/$1
  shift
  mkdir -p "$machine_group"
  trap end_machine EXIT
  trap 'exit 130' INT TERM
  sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec unshare --cgroup --mount --uts --ipc --pid \
    --fork --kill-child "$@"' sh "$machine_group" ${machine_network:+"$machine_network"} "$@" &
  machine_outer=$!
}

end_machine() {
  [ -n "$machine_outer" ] || return 0
  # The shell would report what it has killed.
  exec 3>&2 2>/dev/null
  kill -KILL "$machine_outer" || :
  wait "$machine_outer" || :
  machine_outer=
  sleep 0.5
  find "$machine_group" -depth -type d -exec rmdir {} + || :
  exec 2>&3 3>&-
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
