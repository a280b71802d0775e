"""Reads a run's scan stream with nothing but the published peakstorm.proto: python3 read_scans.py RUN_FOLDER [PROTO]

Prints how many scans of each kind there are, and how late the carrier published them on average. PROTO is
peakstorm.proto (default: the one of the source tree or of the installation); protoc makes the reader from it. Needs
protobuf-compiler, python3-protobuf and python3-zstandard, and holds one scan in memory at a time.
"""
import importlib
import subprocess
import sys
import tempfile
from collections import Counter
from io import BufferedReader
from pathlib import Path

import zstandard


def messages_of(proto):
    """The module with the messages of a .proto file."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["protoc", f"--python_out={folder}", f"-I{proto.parent}", proto], check=True)
        sys.path.insert(0, folder)
        return importlib.import_module(f"{proto.stem}_pb2")


def read_varint(stream):
    """A number in groups of seven bits, the lowest first; None at the end of the stream."""
    value, shift = 0, 0
    while byte := stream.read(1):
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
        shift += 7
    if shift:
        raise EOFError("the stream ends within a number")
    return None


def read_all(path, message_type):
    """Yields the messages of a stream file: each has its length in front, and zstd is around all of them."""
    with open(path, "rb") as packed:
        frames = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
        stream = BufferedReader(frames, 1 << 20)
        while (length := read_varint(stream)) is not None:
            yield message_type.FromString(stream.read(length))


def main():
    here = Path(__file__).resolve().parent
    known = [here.parent / "store" / "peakstorm.proto", here.parents[3] / "peakstorm" / "peakstorm.proto"]
    proto = Path(sys.argv[2]) if len(sys.argv) > 2 else next(path for path in known if path.exists())
    messages = messages_of(proto)
    scans, delay_ms, missed = Counter(), Counter(), Counter()
    for scan in read_all(Path(sys.argv[1]) / "scans.pb.zst", messages.Scan):
        kind = messages.Scan.Kind.Name(scan.kind).lower()
        scans[kind] += 1
        if scan.never_reported:
            missed[kind] += 1
        else:
            delay_ms[kind] += scan.reported_delay_ms
    print("kind,scans,never_reported,mean_delay_minutes")
    for kind in sorted(scans):
        shown = scans[kind] - missed[kind]
        print(f"{kind},{scans[kind]},{missed[kind]},{delay_ms[kind] / max(shown, 1) / 60000:.1f}")


if __name__ == "__main__":
    main()
