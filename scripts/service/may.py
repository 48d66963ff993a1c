"""Attempts, as the unit's process, what Orion needs and what it must not do; prints a line for each
attempt with the wrong outcome. Started by trial.sh under the unit's restrictions."""

import ctypes
import mmap
import os
import socket
import subprocess

LIBC = ctypes.CDLL(None, use_errno=True)
CACHE = "/var/cache/orion"
NEWUSER = 0x10000000
ADDR_NO_RANDOMIZE = 0x0040000


def libc(name, *args):
    if getattr(LIBC, name)(*args) < 0:
        raise OSError(ctypes.get_errno(), name)


def write(folder):
    with open(f"{folder}/written", "w") as file:
        file.write("x")


def be_mounted_writable(folder):
    """Owners and modes keep the unit's user out of most folders already: the mount has to as well."""
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        raise PermissionError


def find_a_file():
    if not os.listdir("."):
        raise FileNotFoundError


def run_what_it_wrote():
    with open(f"{CACHE}/program", "w") as file:
        file.write("#!/bin/sh\n")
    os.chmod(f"{CACHE}/program", 0o755)
    subprocess.run([f"{CACHE}/program"], check=True)


def connect(address):
    with socket.socket() as one:
        one.settimeout(2)
        one.connect((address, 7777))


def open_socket(family, kind):
    socket.socket(family, kind).close()


def see_no_other():
    if [name for name in os.listdir("/proc") if name.isdigit()] != [str(os.getpid())]:
        raise PermissionError


def writable_code():
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


MAY = {
    **{f"write to {folder}": lambda folder=folder: write(folder) for folder in [CACHE, "/tmp"]},
    "read its configuration": lambda: open("/etc/orion/orion.yaml").close(),
    "connect to this machine": lambda: connect("127.0.0.1"),
    "connect to a private address": lambda: connect("192.168.7.1"),
    "open a local socket": lambda: open_socket(socket.AF_UNIX, socket.SOCK_STREAM),
    "have memory that is written and run": writable_code,
    "bind threads to processors": lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)),
    "read what the processor can do": lambda: open("/proc/cpuinfo").close(),
    "see no process but its own": see_no_other,
}
READ_ONLY = ["/opt/orion", "/etc/orion", "/usr/bin", "/usr/lib", "/run", "/var", "/proc/sys/kernel"]
MAY_NOT = {
    "have its current folder writable": lambda: be_mounted_writable("."),
    "find a file in its current folder": find_a_file,
    **{f"have {one} writable": lambda one=one: be_mounted_writable(one) for one in READ_ONLY},
    "look into a home": lambda: os.listdir("/root"),
    "read /etc/shadow": lambda: open("/etc/shadow").close(),
    "run what it wrote": run_what_it_wrote,
    "connect to a public address": lambda: connect("203.0.113.1"),
    "open a netlink socket": lambda: open_socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "open a packet socket": lambda: open_socket(socket.AF_PACKET, socket.SOCK_RAW),
    "open a raw socket": lambda: open_socket(socket.AF_INET, socket.SOCK_RAW),
    "make a user namespace": lambda: libc("unshare", NEWUSER),
    "mount": lambda: libc("mount", b"none", b"/tmp", b"tmpfs", 0, None),
    "trace another process": lambda: libc("ptrace", 16, os.getppid(), None, None),
    "change the root": lambda: os.chroot("/tmp"),
    "change the personality": lambda: libc("personality", ADDR_NO_RANDOMIZE),
    "take real-time priority": lambda: os.sched_setscheduler(
        0, os.SCHED_FIFO, os.sched_param(1)
    ),
    "set the host's name": lambda: socket.sethostname("other"),
    "become root": lambda: os.setuid(0),
    "make a set-user-ID file": lambda: os.chmod(f"{CACHE}/written", 0o4755),
}


def can(attempt):
    try:
        attempt()
        return True
    except (OSError, subprocess.SubprocessError):
        return False


for what, attempt in MAY.items():
    if not can(attempt):
        print(f"cannot {what}, but should")
for what, attempt in MAY_NOT.items():
    if can(attempt):
        print(f"can {what}, but should not")
print(f"{len(MAY)} that it may and {len(MAY_NOT)} that it may not were tried")
