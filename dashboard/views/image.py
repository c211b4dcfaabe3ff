"""One validation image: its picture, and what the network said of it over the training."""

import base64
import html
import struct
import zlib

import numpy as np
import panel as pn

from dashboard.controls import action, text
from dashboard.run import Run
from dashboard.selection import Selection

__all__ = ["image_card", "png"]

HISTORY_WIDTH = 236
HISTORY_HEIGHT = 64


def png(pixels: np.ndarray) -> bytes:
    """Encode uint8 [y, x, 1, 3 or 4] as a PNG file."""
    height, width, channels = pixels.shape
    colour = {1: 0, 3: 2, 4: 6}[channels]
    lines = b"".join(b"\0" + line.tobytes() for line in np.ascontiguousarray(pixels))

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )


def image_card(run: Run, selection: Selection, image: int) -> pn.viewable.Viewable:
    """Show an image, its label, its predictions and its loss over the iterations."""
    label = int(run.array("images/label")[image])
    names = run.class_names
    correct = run.part("images/correct", slice(image, image + 1))[0]
    predicted = run.part("images/predicted", slice(image, image + 1))[0]
    flips = int(run.array("images/flips")[image])
    known = correct != 255
    right = float((correct[known] == 1).mean()) if known.any() else float("nan")
    close = action("Close", lambda: selection.param.update(images=[]), width=70, align="end")
    others = _others(predicted, label, names)
    title = html.escape(str(run.array("images/name")[image]))
    facts = (
        f"<div class='dt-image' data-testid='image-card' data-image='{image}'>"
        f"{_thumbnail(run, image)}<h3>{title}</h3><table>"
        f"<tr><td>class</td><td>{html.escape(names[label])}</td></tr>"
        f"<tr><td>right at</td><td>{right:.0%} of the snapshots</td></tr>"
        f"<tr><td>flips</td><td>{flips}</td></tr>"
        f"<tr><td>taken for</td><td>{others}</td></tr></table>"
        f"<div class='dt-small'>right or wrong over the iterations</div>{_strip(correct)}"
        f"{_loss(run, image)}</div>"
    )
    return pn.Column(close, text(facts, width=244), margin=0)


def _thumbnail(run: Run, image: int) -> str:
    if not run.has("images/thumbnail"):
        return "<div class='dt-nothumb'>no picture was recorded</div>"
    pixels = run.part("images/thumbnail", slice(image, image + 1))[0]
    return f"<img alt='validation image {image}' src='{_url(pixels)}'>"


def _url(pixels: np.ndarray) -> str:
    return "data:image/png;base64," + base64.b64encode(png(pixels)).decode()


def _others(predicted: np.ndarray, label: int, names: list[str]) -> str:
    wrong = predicted[(predicted >= 0) & (predicted != label)]
    if not wrong.size:
        return "nothing else, ever"
    classes, counts = np.unique(wrong, return_counts=True)
    order = np.argsort(-counts)[:3]
    return ", ".join(f"{html.escape(names[classes[i]])} ({counts[i]} times)" for i in order)


def _strip(correct: np.ndarray) -> str:
    colours = np.array([[194, 65, 12], [160, 196, 224], [241, 243, 245]], np.uint8)
    line = colours[np.where(correct == 255, 2, correct)][None]
    return f"<img class='dt-strip' alt='right and wrong outcomes' src='{_url(line)}'>"


def _loss(run: Run, image: int) -> str:
    name = next((n for n in ("loss", "confidence") if run.has(f"images/{n}")), None)
    if name is None:
        return ""
    values = run.part(f"images/{name}", slice(image, image + 1))[0].astype(np.float64)
    known = np.flatnonzero(np.isfinite(values))
    if not known.size:
        return ""
    top = max(float(values[known].max()), 1e-9)
    span = max(1, len(values) - 1)
    points = " ".join(
        f"{place / span * HISTORY_WIDTH:.1f},"
        f"{(1 - values[place] / top) * (HISTORY_HEIGHT - 4) + 2:.1f}"
        for place in known
    )
    first, last = run.iterations[0], run.iterations[-1]
    return (
        f"<div class='dt-small'>{name}, up to {top:.3g}</div>"
        f"<svg width='{HISTORY_WIDTH}' height='{HISTORY_HEIGHT}' role='img' aria-label='{name} over"
        f" the iterations'><polyline points='{points}' fill='none' stroke='#0072B2' "
        f"stroke-width='1.3'/></svg><div class='dt-small dt-ends'><span>{first:,}</span>"
        f"<span>iteration</span><span>{last:,}</span></div>"
    )
