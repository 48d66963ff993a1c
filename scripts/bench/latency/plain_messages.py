"""Publishes plain MQTT messages at a steady rate: {"sentUs": ...}, the wall clock just before each is sent.

How long these take to a subscriber is what any measurement of messages includes beside what it measures.
MQTT 3.1.1 and QoS 0, written by hand, so that no client library is measured.
"""

import argparse
import json
import socket
import struct
import time

PADDING = "x" * 600


def field(text):
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw


def packet(kind, body):
    length, rest = bytearray(), len(body)
    while True:
        rest, digit = divmod(rest, 128)
        length.append(digit | (0x80 if rest else 0))
        if not rest:
            return bytes([kind]) + bytes(length) + body


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mqtt-port", type=int, required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--count", type=int, required=True)
    options = parser.parse_args()
    with socket.create_connection(("127.0.0.1", options.mqtt_port)) as broker:
        broker.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        hello = field("MQTT") + bytes([4, 2]) + struct.pack(">H", 60) + field("plain")
        broker.sendall(packet(0x10, hello))
        if broker.recv(4)[3:] != b"\0":
            raise RuntimeError("the broker refused the connection")
        started = time.monotonic()
        for index in range(options.count):
            time.sleep(max(0.0, started + index / options.rate - time.monotonic()))
            payload = json.dumps({"sentUs": round(time.time() * 1e6), "padding": PADDING})
            broker.sendall(packet(0x30, field(options.topic) + payload.encode()))
        broker.sendall(packet(0xE0, b""))


if __name__ == "__main__":
    main()
