"""Pictures of validation images: read a few at a time, enlarged by whole factors."""

import base64
import io

import numpy as np
from PIL import Image

from deeptracker.dashboard.data.run import Run

__all__ = ["data_url", "png", "thumbnails"]


def thumbnails(run: Run, images: np.ndarray) -> np.ndarray | None:
    """Read uint8 [image, y, x, channel] of some images; None if no pictures were recorded."""
    if not run.has("images/thumbnail"):
        return None
    return run.part("images/thumbnail", np.asarray(images, np.int64))


def png(pixels: np.ndarray) -> bytes:
    """Encode uint8 [y, x, 1, 3 or 4] as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(file, "png")
    return file.getvalue()


def data_url(pixels: np.ndarray) -> str:
    """Write uint8 [y, x, channel] as a data URL."""
    return "data:image/png;base64," + base64.b64encode(png(pixels)).decode()
