"""Colours, margins and style: what makes the views one page.

The time axis is the same everywhere: one column a recorded iteration, evenly wide (*ordinal*), from
`LEFT_MARGIN` to `RIGHT_MARGIN` pixels before the right edge, labelled with iteration numbers. So
whatever happens at an iteration stands on one vertical line down the page.
"""

from pathlib import Path

import colorcet
import numpy as np

__all__ = [
    "CATEGORICAL",
    "CSS",
    "LEFT_MARGIN",
    "MISSING_LEVEL",
    "PALETTES",
    "RAIL_WIDTH",
    "RIGHT_MARGIN",
    "levels",
    "lookup_table",
]

LEFT_MARGIN = 196
RIGHT_MARGIN = 20
# Beside every chart stands a rail of this width, so that all charts have one time axis.
RAIL_WIDTH = 268
MISSING_LEVEL = 255
MISSING_COLOUR = "#f1f3f5"

# Okabe and Ito's colours, told apart by people with any colour vision.
CATEGORICAL = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#7A5195",
    "#5D5D5D",
)
RIGHT_COLOUR, WRONG_COLOUR = "#dbe9f4", "#c2410c"
# Twenty labels apart in lightness and hue, for predicted classes.
MANY: tuple[str, ...] = tuple(
    "#" + "".join(f"{round(255 * c):02x}" for c in rgb) for rgb in colorcet.glasbey_hv[:254]
)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _ramp(*colours: str) -> tuple[str, ...]:
    """Interpolate 255 colours between a few."""
    given = np.array([_rgb(colour) for colour in colours], np.float64)
    places = np.linspace(0, len(colours) - 1, 255)
    mixed = [np.interp(places, np.arange(len(colours)), channel) for channel in given.T]
    return tuple("#" + "".join(f"{round(c):02x}" for c in rgb) for rgb in zip(*mixed, strict=True))


PALETTES: dict[str, tuple[str, ...]] = {
    # Nearly white to dark blue: safe for all, and calm where nothing happens.
    "blues": _ramp("#fafcfe", "#c6dcec", "#7fb2d6", "#2f7fb5", "#0b4f7d", "#062c47"),
    "diverging": tuple(colorcet.CET_D1A),
    "outcome": (WRONG_COLOUR, RIGHT_COLOUR),
}

CSS = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")


def lookup_table(palette: str) -> bytes:
    """Give a palette as 256 RGBA colours; the last one is for missing values."""
    colours = MANY if palette == "classes" else PALETTES[palette]
    places = np.arange(255) % len(colours) if palette == "classes" else None
    if places is None:
        places = np.minimum(np.arange(255) * len(colours) // 255, len(colours) - 1)
    table = np.array([_rgb(colours[place]) for place in places] + [_rgb(MISSING_COLOUR)], np.uint8)
    return np.hstack([table, np.full((256, 1), 255, np.uint8)]).tobytes()


def levels(values: np.ndarray, low: float | np.ndarray, high: float | np.ndarray) -> np.ndarray:
    """Scale values to the 255 colours of a palette; 255 where missing.

    Parameters
    ----------
    values : numpy.ndarray
        Any shape.
    low, high : float or numpy.ndarray
        Values of the first and last colour; broadcast against `values`.

    Returns
    -------
    numpy.ndarray
        uint8, the shape of `values`.
    """
    numbers = np.asarray(values, np.float64)
    span = np.asarray(high, np.float64) - low
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = np.where(span > 0, (numbers - low) / span, 0.0)
    known = np.isfinite(numbers)
    out = np.full(numbers.shape, MISSING_LEVEL, np.uint8)
    out[known] = (np.clip(scaled, 0, 1) * 254).round()[known].astype(np.uint8)
    return out
