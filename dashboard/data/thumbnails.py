"""Pictures of validation images: read a few at a time, shown at whole multiples of their pixels."""

import base64
import struct
import zlib

import numpy as np

from deeptracker.dashboard.data.run import Run

__all__ = ["data_url", "png", "thumbnails"]

COLOUR_TYPES = {1: 0, 3: 2, 4: 6}


def thumbnails(run: Run, images: np.ndarray) -> np.ndarray | None:
    """Read uint8 [image, y, x, channel] of some images; None where no pictures were recorded."""
    if not run.has("images/thumbnail"):
        return None
    return run.part("images/thumbnail", np.asarray(images, np.int64))


def png(pixels: np.ndarray) -> bytes:
    """Encode uint8 [y, x, 1, 3 or 4] as a PNG file."""
    height, width, channels = pixels.shape
    lines = b"".join(b"\0" + line.tobytes() for line in np.ascontiguousarray(pixels))

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, 8, COLOUR_TYPES[channels], 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )


def data_url(pixels: np.ndarray) -> str:
    """Write uint8 [y, x, channel] as an address that a page can show."""
    return "data:image/png;base64," + base64.b64encode(png(pixels)).decode()
