"""Runs a program on a terminal of its own, and hangs up when its standard input has a line.

    python3 terminal.py PROGRAM [ARGUMENT...]

Copies what the program writes to the terminal to standard output. Prints `ended with N` once it has ended.
"""

import os
import pty
import select
import sys

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
while True:
    readable, _, _ = select.select([terminal, sys.stdin], [], [])
    if sys.stdin in readable:
        break
    sys.stdout.buffer.write(os.read(terminal, 65536))
    sys.stdout.flush()
os.close(terminal)
_, status = os.waitpid(pid, 0)
print(f"ended with {os.waitstatus_to_exitcode(status)}", flush=True)
