"""RTP packets of pictures from third-party payloaders: GStreamer's.

Reads pictures from a file, each after its length in four bytes, and writes for each size of packets that
is asked for the packets of all pictures to standard output: the size asked for and the packet's length, in
two bytes each, and the packet.
"""

import argparse
import struct
import sys

import gi

gi.require_version("Gst", "1.0")

from gi.repository import Gst  # noqa: E402

CAPS = {
    "rtph264pay": "video/x-h264,stream-format=byte-stream,alignment=au",
    "rtph265pay": "video/x-h265,stream-format=byte-stream,alignment=au",
    "rtpjpegpay": "image/jpeg,width={width},height={height}",
    "rtpmp4vpay": "video/mpeg,mpegversion=4,systemstream=false",
}


def read_pictures(path):
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        yield data[at + 4:at + 4 + length]
        at += 4 + length


class Payloader:
    """One payloader, fed and drained in this thread, so that it buffers nothing."""

    def __init__(self, launch, caps):
        self.element = Gst.parse_launch(launch)
        self.packets = []
        self.source = Gst.Pad.new("src", Gst.PadDirection.SRC)
        self.sink = Gst.Pad.new("sink", Gst.PadDirection.SINK)
        self.sink.set_chain_function_full(self.take)
        self.source.set_active(True)
        self.sink.set_active(True)
        self.source.link(self.element.get_static_pad("sink"))
        self.element.get_static_pad("src").link(self.sink)
        self.element.set_state(Gst.State.PLAYING)
        segment = Gst.Segment()
        segment.init(Gst.Format.TIME)
        self.source.push_event(Gst.Event.new_stream_start("clip"))
        self.source.push_event(Gst.Event.new_caps(Gst.Caps.from_string(caps)))
        self.source.push_event(Gst.Event.new_segment(segment))

    def take(self, _pad, _parent, buffer):
        self.packets.append(buffer.extract_dup(0, buffer.get_size()))
        return Gst.FlowReturn.OK

    def push(self, picture, index):
        buffer = Gst.Buffer.new_wrapped(picture)
        buffer.pts = buffer.dts = index * Gst.SECOND // 25
        # Needed for the marker bit on the last packet of a picture.
        buffer.set_flags(Gst.BufferFlags.MARKER)
        result = self.source.push(buffer)
        if result != Gst.FlowReturn.OK:
            raise RuntimeError(f"picture {index}: {result}")

    def end(self):
        """All packets."""
        self.source.push_event(Gst.Event.new_eos())
        self.element.set_state(Gst.State.NULL)
        return self.packets


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", required=True)
    parser.add_argument("--payloader", required=True, help="with its properties")
    parser.add_argument("--width", type=int, default=0)
    parser.add_argument("--height", type=int, default=0)
    parser.add_argument("--from", dest="first", type=int, required=True, help="bytes of a packet")
    parser.add_argument("--to", dest="last", type=int, required=True)
    options = parser.parse_args()
    Gst.init(None)
    caps = CAPS[options.payloader.split()[0]].format(width=options.width, height=options.height)
    pictures = list(read_pictures(options.pictures))
    for size in range(options.first, options.last + 1):
        payloader = Payloader(f"{options.payloader} mtu={size}", caps)
        for index, picture in enumerate(pictures):
            payloader.push(picture, index)
        for packet in payloader.end():
            sys.stdout.buffer.write(struct.pack(">HH", size, len(packet)) + packet)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
