"""A third-party RTSP camera: VLC's RTSP server, playing one clip in a loop.

Through libvlc, since the program itself refuses to be run as root. Prints one line of JSON when the clip
can be played ({"event": "ready"}). The end of standard input ends it, so that it never outlives the test
that started it.
"""

import argparse
import ctypes
import json
import socket
import sys
import time
from pathlib import Path

NAME = b"camera"
START_SECONDS = 30
RETRY_SECONDS = 0.05
ANSWER_BYTES = 4096


class Libvlc:
    """The functions of libvlc needed for a broadcast."""

    def __init__(self, arguments: list[str]) -> None:
        self._library = ctypes.CDLL("libvlc.so.5")
        create = self._library.libvlc_new
        create.restype = ctypes.c_void_p
        create.argtypes = [ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)]
        texts = (ctypes.c_char_p * len(arguments))(*(text.encode() for text in arguments))
        self._instance = create(len(arguments), texts)
        if self._instance is None:
            raise RuntimeError("libvlc cannot be initialised")

    def broadcast(self, uri: str, output: str) -> None:
        """Plays `uri` to `output` in a loop."""
        add = self._library.libvlc_vlm_add_broadcast
        add.argtypes = [
            ctypes.c_void_p,
            *[ctypes.c_char_p] * 3,
            ctypes.c_int,
            ctypes.POINTER(ctypes.c_char_p),
            *[ctypes.c_int] * 2,
        ]
        if add(self._instance, NAME, uri.encode(), output.encode(), 0, None, 1, 1) != 0:
            raise RuntimeError("libvlc cannot add the clip")
        play = self._library.libvlc_vlm_play_media
        play.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        if play(self._instance, NAME) != 0:
            raise RuntimeError("libvlc cannot play the clip")


def status(port: int, path: str) -> str:
    """The response to DESCRIBE; "" while the server does not listen."""
    request = f"DESCRIBE rtsp://127.0.0.1:{port}{path} RTSP/1.0\r\nCSeq: 1\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as connection:
            connection.sendall(request.encode())
            answer = connection.recv(ANSWER_BYTES).decode(errors="replace")
    except ConnectionError:
        return ""
    return " ".join(answer.split(" ")[1:2])


def main() -> int:
    """Serves until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clip", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    options = parser.parse_args()
    path = "/cam"
    arguments = ["--intf=dummy", "--quiet", f"--rtsp-port={options.port}", "--rtsp-host=127.0.0.1"]
    if options.user:
        arguments += [f"--sout-rtsp-user={options.user}", f"--sout-rtsp-pwd={options.password}"]
    vlc = Libvlc(arguments)
    vlc.broadcast(Path(options.clip).as_uri(), f"#rtp{{sdp=rtsp://:{options.port}{path},proto=udp}}")
    until = time.monotonic() + START_SECONDS
    # The path exists once VLC has parsed the clip.
    while status(options.port, path) not in ("200", "401"):
        if time.monotonic() > until:
            print("the clip is not served", file=sys.stderr)
            return 1
        time.sleep(RETRY_SECONDS)
    print(json.dumps({"event": "ready"}), flush=True)
    sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
