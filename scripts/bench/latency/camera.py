"""An RTSP camera that logs when it sent each frame: one H.264 stream, in real time, over TCP or UDP.

Reads a raw stream in which every frame begins with an access unit delimiter, and plays it in a loop,
from its first frame for each client, on an absolute schedule. Sends an RTCP sender report after the
first frame and every few seconds; the report maps RTP time to the schedule.

Prints one line of JSON when it listens ({"event": "ready", "port": ...}). Writes to the log, for each
frame of each client that plays, one line of five numbers:

    connection  rtp-timestamp  captured-us  sent-us  handed-us

captured: when the frame was due, in wall-clock microseconds, as the sender reports say. sent: when all
but the frame's last packet had been handed to the socket, immediately before the last one was. handed:
when the socket had taken that one too. Between the last two the receiver may already run on this core,
so that handed can be late; sent is never late.

The end of standard input ends it, so that it never outlives what started it.
"""

import argparse
import base64
import json
import os
import random
import re
import socket
import struct
import sys
import threading
import time

CLOCK_HZ = 90_000
PAYLOAD_BYTES = 1400
REPORT_EVERY_SECONDS = 5
NTP_OFFSET_SECONDS = 2_208_988_800
AUD, SPS, PPS, FU_A = 9, 7, 8, 28
MAX_REQUEST_BYTES = 65_536
METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER, SET_PARAMETER"


def nal_units(stream):
    """The NAL units of a byte stream, without start codes and the zeros around them."""
    at = stream.find(b"\0\0\1")
    while at >= 0:
        end = stream.find(b"\0\0\1", at + 3)
        yield stream[at + 3 : end if end >= 0 else len(stream)].rstrip(b"\0")
        at = end


def payloads(unit):
    """The RTP payloads of a NAL unit: itself, or fragments of it (RFC 6184 5.8)."""
    if len(unit) <= PAYLOAD_BYTES:
        return [unit]
    step = PAYLOAD_BYTES - 2
    parts = []
    for at in range(1, len(unit), step):
        start = 0x80 if at == 1 else 0
        end = 0x40 if at + step >= len(unit) else 0
        head = bytes([(unit[0] & 0xE0) | FU_A, start | end | (unit[0] & 31)])
        parts.append(head + unit[at : at + step])
    return parts


class Clip:
    """A clip: the payloads of each frame, and the parameter sets."""

    def __init__(self, path):
        with open(path, "rb") as file:
            stream = file.read()
        self.frames = []
        sets = {}
        for unit in nal_units(stream):
            kind = unit[0] & 31
            if kind == AUD:
                self.frames.append([])
                continue
            if kind in (SPS, PPS):
                sets[kind] = unit
            self.frames[-1].extend(payloads(unit))
        if not self.frames or set(sets) != {SPS, PPS}:
            raise ValueError(f"cannot play {path}: not H.264 with delimiters and parameter sets")
        self.parameter_sets = [sets[SPS], sets[PPS]]

    def description(self):
        sets = ",".join(base64.b64encode(each).decode() for each in self.parameter_sets)
        profile = self.parameter_sets[0][1:4].hex()
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n"
            "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
            f"a=fmtp:96 packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={sets}\r\n"
            "a=control:video\r\n"
        )


class Client(threading.Thread):
    """One connection: this thread reads requests; the player writes frames."""

    def __init__(self, number, connection, camera):
        super().__init__(daemon=True)
        self.number = number
        self.connection = connection
        self.camera = camera
        self.write_lock = threading.Lock()
        self.playing = False
        self.closed = False
        self.ssrc = random.getrandbits(32)
        self.sequence = random.getrandbits(16)
        self.first_timestamp = random.getrandbits(32)
        # The sockets of RTP and RTCP over UDP; None: interleaved.
        self.datagrams = None

    def run(self):
        try:
            with self.connection, self.connection.makefile("rb") as requests:
                while self.answer(requests):
                    pass
        except OSError as error:
            print(f"connection {self.number}: {error}", file=sys.stderr)
        self.closed = True

    def answer(self, requests):
        """Answers one request, or skips one interleaved packet. Returns whether to continue."""
        first = requests.read(1)
        if first == b"$":
            head = requests.read(3)
            requests.read(int.from_bytes(head[1:3], "big"))
            return len(head) == 3
        if first == b"":
            return False
        text = first
        while not text.endswith(b"\r\n\r\n"):
            line = requests.readline(MAX_REQUEST_BYTES)
            if line == b"" or len(text) > MAX_REQUEST_BYTES:
                return False
            text += line
        start, *lines = text.decode("latin1").strip().split("\r\n")
        method, url = start.split(" ")[:2]
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        requests.read(int(headers.get("content-length", 0)))
        self.respond(method, url, headers)
        return method != "TEARDOWN"

    def respond(self, method, url, headers):
        status, extra, body = "200 OK", {}, ""
        if method == "OPTIONS":
            extra["Public"] = METHODS
        elif method == "DESCRIBE":
            body = self.camera.clip.description()
            extra = {"Content-Base": f"{url}/", "Content-Type": "application/sdp"}
            extra["Content-Length"] = len(body)
        elif method == "SETUP":
            transport = self.set_up(headers.get("transport", ""))
            extra["Transport"] = f"{transport};ssrc={self.ssrc:08X}"
        elif method == "PLAY":
            first = f"seq={self.sequence};rtptime={self.first_timestamp}"
            extra = {"Range": "npt=0.000-", "RTP-Info": f"url={url.rstrip('/')}/video;{first}"}
        elif method not in METHODS:
            status = "501 Not Implemented"
        if method not in ("OPTIONS", "DESCRIBE"):
            extra["Session"] = f"{self.ssrc:08X};timeout=60"
        lines = [f"RTSP/1.0 {status}", f"CSeq: {headers.get('cseq', '0')}"]
        lines += [f"{name}: {value}" for name, value in extra.items()]
        with self.write_lock:
            self.connection.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        if method == "PLAY" and not self.playing:
            self.playing = True
            threading.Thread(target=self.play, daemon=True).start()

    def set_up(self, requested):
        """Prepares the requested transport. Returns the answer's, without the SSRC."""
        ports = re.search(r"client_port=(\d+)-(\d+)", requested)
        if ports is None:
            return "RTP/AVP/TCP;unicast;interleaved=0-1"
        host = self.connection.getpeername()[0]
        self.datagrams = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for each, port in zip(self.datagrams, ports.groups()):
            each.bind((self.connection.getsockname()[0], 0))
            each.connect((host, int(port)))
        own = "-".join(str(each.getsockname()[1]) for each in self.datagrams)
        return f"RTP/AVP;unicast;client_port={ports[1]}-{ports[2]};server_port={own}"

    def send(self, packets, channel=0):
        """Sends packets of a channel, over TCP in one write (RFC 2326 10.12)."""
        if self.datagrams is not None:
            for packet in packets:
                self.datagrams[channel].send(packet)
            return
        parts = (struct.pack(">BBH", 0x24, channel, len(each)) + each for each in packets)
        self.connection.sendall(b"".join(parts))

    def play(self):
        frames, fps, log = self.camera.clip.frames, self.camera.fps, self.camera.log
        started, started_wall = time.monotonic(), time.time()
        index = 0
        try:
            while not self.closed:
                packets = self.packets(frames[index % len(frames)], self.timestamp(index))
                captured = started_wall + index / fps
                time.sleep(max(0.0, started + index / fps - time.monotonic()))
                with self.write_lock:
                    if len(packets) > 1:
                        self.send(packets[:-1])
                    sent = time.time()
                    self.send(packets[-1:])
                    handed = time.time()
                if index % (REPORT_EVERY_SECONDS * fps) == 0:
                    with self.write_lock:
                        self.send([self.report(captured, self.timestamp(index))], channel=1)
                times = " ".join(str(round(each * 1e6)) for each in (captured, sent, handed))
                log.write(f"{self.number} {self.timestamp(index)} {times}\n")
                index += 1
        except OSError:
            # The client has closed the connection: its log ends here.
            self.closed = True

    def timestamp(self, index):
        return (self.first_timestamp + index * CLOCK_HZ // self.camera.fps) & 0xFFFF_FFFF

    def packets(self, frame, timestamp):
        """The frame's RTP packets."""
        out = []
        for index, payload in enumerate(frame):
            marker = 0x80 if index == len(frame) - 1 else 0
            head = struct.pack(">BBHII", 0x80, 96 | marker, self.sequence, timestamp, self.ssrc)
            self.sequence = (self.sequence + 1) & 0xFFFF
            out.append(head + payload)
        return out

    def report(self, wall, timestamp):
        """A sender report: `timestamp` is the RTP clock at that wall time."""
        seconds = int(wall) + NTP_OFFSET_SECONDS
        fraction = int((wall % 1) * 2**32)
        return struct.pack(">BBHIIIIII", 0x80, 200, 6, self.ssrc, seconds, fraction, timestamp, 0, 0)


class Camera:
    """Listens on 127.0.0.1 and starts a thread for each connection."""

    def __init__(self, clip, fps, log):
        self.clip, self.fps, self.log = clip, fps, log
        self.listener = socket.create_server(("127.0.0.1", 0))

    def serve(self):
        number = 0
        while True:
            connection, _address = self.listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            Client(number, connection, self).start()
            number += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stream", required=True, help="raw H.264 with access unit delimiters")
    parser.add_argument("--fps", type=int, default=25)
    parser.add_argument("--log", required=True, help="the file to write")
    options = parser.parse_args()
    with open(options.log, "w", buffering=1, encoding="ascii") as log:
        camera = Camera(Clip(options.stream), options.fps, log)
        threading.Thread(target=camera.serve, daemon=True).start()
        print(json.dumps({"event": "ready", "port": camera.listener.getsockname()[1]}), flush=True)
        sys.stdin.buffer.read()
        log.flush()
        # Exits without waiting for the threads of connections.
        os._exit(0)


if __name__ == "__main__":
    main()
