"""A third-party RTSP camera: GStreamer's RTSP server, playing one clip.

Prints one line of JSON when it listens ({"event": "ready", "port": ...}) and one for each client that
comes ({"event": "client"}). Reads commands from standard input, one a line:

    kick    close every client's connection; the server goes on
    stop    end

The end of standard input ends it too, so that it never outlives the test that started it.
"""

import argparse
import json
import sys
from typing import NamedTuple

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")

from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

READ_TIMEOUT_SECONDS = 20


class Codec(NamedTuple):
    """The demuxing and packetizing elements of a codec."""

    parser: str
    caps: str
    payloader: str


BY_UNIT = "stream-format=byte-stream,alignment=au"
CODECS = {
    "h264": Codec("h264parse config-interval=-1", f"video/x-h264,{BY_UNIT}", "rtph264pay"),
    "h265": Codec("h265parse config-interval=-1", f"video/x-h265,{BY_UNIT}", "rtph265pay"),
    # RFC 2435: the standard Huffman tables, at most 2040 pixels wide and high; from ffmpeg only 4:2:0.
    "mjpeg": Codec("jpegparse", "image/jpeg", "rtpjpegpay"),
}

# The flags of a copy of a buffer with all metadata, which shares the bytes.
COPIED = (
    Gst.BufferCopyFlags.FLAGS | Gst.BufferCopyFlags.TIMESTAMPS
    | Gst.BufferCopyFlags.META | Gst.BufferCopyFlags.MEMORY
)


def say(**event):
    print(json.dumps(event), flush=True)


class Clip:
    """The frames of a clip's video, in memory, with their times.

    A demuxer ends its stream where the file ends, so a file can't be played in a loop. Frames can: each
    round's times follow on from the round before.
    """

    def __init__(self, path, codec):
        parser, caps, _payloader = CODECS[codec]
        pipeline = Gst.parse_launch(
            f"filesrc name=source ! qtdemux ! {parser} ! {caps} ! appsink name=sink sync=false"
        )
        pipeline.get_by_name("source").set_property("location", path)
        sink = pipeline.get_by_name("sink")
        pipeline.set_state(Gst.State.PLAYING)
        self.frames = []
        self.caps = None
        while sample := sink.emit("try-pull-sample", READ_TIMEOUT_SECONDS * Gst.SECOND):
            self.caps = sample.get_caps()
            self.frames.append(sample.get_buffer())
        pipeline.set_state(Gst.State.NULL)
        if len(self.frames) < 2:
            raise RuntimeError(f"cannot read {path}: no {codec} video found")
        times = [frame.pts for frame in self.frames]
        self.length = (max(times) - min(times)) * len(times) // (len(times) - 1)

    def buffer(self, index):
        """The frame of an index that counts through all loops."""
        rounds, at = divmod(index, len(self.frames))
        frame = self.frames[at]
        # Not copy(): in Python that returns the same buffer, and its times would accumulate.
        copy = frame.copy_region(COPIED, 0, frame.get_size())
        for stamp in ("pts", "dts"):
            time = getattr(frame, stamp)
            if time != Gst.CLOCK_TIME_NONE:
                setattr(copy, stamp, time + rounds * self.length)
        return copy


class Player:
    """Feeds one media pipeline from a clip on demand; the sink sets the pace."""

    def __init__(self, clip, source, loop):
        self.clip = clip
        self.next = 0
        self.last = None if loop else len(clip.frames)
        source.set_property("caps", clip.caps)
        source.connect("need-data", self.feed)

    def feed(self, source, _bytes):
        if self.next == self.last:
            source.emit("end-of-stream")
            return
        source.emit("push-buffer", self.clip.buffer(self.next))
        self.next += 1


def protect(server, factory, user, password):
    """Requires Basic authentication, as most cameras do."""
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_role("viewer")
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)


def serve(options):
    clip = Clip(options.clip, options.codec)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(options.port))

    factory = GstRtspServer.RTSPMediaFactory()
    parser, _caps, payloader = CODECS[options.codec]
    factory.set_launch(
        f"( appsrc name=clip format=time ! {parser} ! {payloader} name=pay0 pt=96 )"
    )
    players = []

    def on_media(_factory, media):
        source = media.get_element().get_by_name("clip")
        player = Player(clip, source, options.loop)
        players.append(player)
        media.connect("unprepared", lambda _media: players.remove(player))

    factory.connect("media-configure", on_media)
    factory.set_shared(options.shared)
    if options.tcp:
        factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
    if options.user:
        protect(server, factory, options.user, options.password)
    server.get_mount_points().add_factory(options.mount, factory)
    server.connect("client-connected", lambda _server, _client: say(event="client"))

    if server.attach(None) == 0:
        say(event="failed", reason=f"port {options.port} is taken")
        return 1

    loop = GLib.MainLoop()

    def kick():
        keep = GstRtspServer.RTSPFilterResult.REMOVE
        server.client_filter(lambda _server, _client: keep)

    def on_input(_channel, condition):
        line = sys.stdin.readline() if condition & GLib.IO_IN else ""
        command = line.strip()
        if command == "kick":
            kick()
            say(event="kicked")
        elif line == "" or command == "stop":
            loop.quit()
            return False
        return True

    # Tests both flags: a closed pipe reports HUP, sometimes without IN.
    GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, on_input)
    say(event="ready", port=server.get_bound_port())
    loop.run()
    kick()
    say(event="stopped")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clip", required=True, help="an MP4 file")
    parser.add_argument("--codec", choices=sorted(CODECS), default="h264")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--mount", default="/stream1")
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--tcp", action="store_true", help="refuse UDP")
    parser.add_argument("--once", dest="loop", action="store_false", help="end with the clip")
    parser.add_argument("--private", dest="shared", action="store_false",
                        help="play from the start for each client")
    options = parser.parse_args()
    Gst.init(None)
    sys.exit(serve(options))


if __name__ == "__main__":
    main()
