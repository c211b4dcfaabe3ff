"""Colours, margins and styles that all views share, in a light and a dark theme.

Every colour has a light and a dark form. The page writes them as CSS variables (`PAGE_CSS`);
canvases read those, so that a switch of the theme redraws them without the server.

All charts have the same time axis: from `LEFT_MARGIN` to `RIGHT_MARGIN` pixels before the right
edge, labelled with iteration numbers. So an iteration is one vertical line down the page.
"""

from pathlib import Path

import colorcet
import numpy as np

__all__ = [
    "BANDS",
    "BANDS_DARK",
    "CATEGORICAL",
    "CATEGORICAL_DARK",
    "CSS",
    "DARK",
    "LEFT_MARGIN",
    "LIGHT",
    "MISSING_LEVEL",
    "PAGE_CSS",
    "PALETTES",
    "PALETTES_DARK",
    "RAIL_WIDTH",
    "RIGHT_LEVEL",
    "RIGHT_MARGIN",
    "WIDGET_CSS",
    "class_levels",
    "levels",
    "lookup_table",
]

LEFT_MARGIN = 196
RIGHT_MARGIN = 20
# A rail of this width stands to the right of every chart, so that all charts have one time axis.
RAIL_WIDTH = 268
MISSING_LEVEL = 255
# The level of a right outcome and of a right predicted class: a muted colour in both palettes.
RIGHT_LEVEL = 254

# Okabe and Ito's colours, distinct under any colour vision; brighter on a dark background.
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
CATEGORICAL_DARK = (
    "#4EA8DE",
    "#FF8A3D",
    "#2CC295",
    "#E39AC2",
    "#F2B93B",
    "#9BD8FA",
    "#B794D6",
    "#A9B1BA",
)
# A name is the colour's use. Text on ground, paper and soft reaches WCAG's AA in both themes.
LIGHT = {
    "ink": "#1f2933",
    "faint": "#52606d",
    "line": "#d9dee4",
    "grid": "#eef1f4",
    "ground": "#f6f7f9",
    "paper": "#ffffff",
    "soft": "#e8f1f8",
    "softline": "#c6dcec",
    "field": "#83909e",
    "accent": "#0b4f7d",
    "onaccent": "#ffffff",
    "pick": "#b42318",
    "warn": "#8a3a00",
    "good": "#1a7f4b",
    "missing": "#e2e5e9",
    "outline": "#8895a3",
    "median": "#00456b",
    "box": "#9cc3e0",
    "tip": "#1f2933",
    "shadow": "rgba(31,41,51,.25)",
}
DARK = {
    "ink": "#e4ebf1",
    "faint": "#a3b2c0",
    "line": "#2b3743",
    "grid": "#1e2833",
    "ground": "#0d131a",
    "paper": "#131b24",
    "soft": "#17324a",
    "softline": "#2c587a",
    "field": "#64788b",
    "accent": "#7cc4f2",
    "onaccent": "#08202f",
    "pick": "#ff7b6b",
    "warn": "#ffb37a",
    "good": "#5fd39a",
    "missing": "#39424d",
    "outline": "#708294",
    "median": "#d6edfb",
    "box": "#2f6f9f",
    "tip": "#2a3846",
    "shadow": "rgba(0,0,0,.6)",
}
# Opacity of the band of extremes and of the band of quartiles over it, in the light and the dark
# theme; on a dark background pale bands would hardly show.
BANDS, BANDS_DARK = (0.18, 0.42), (0.32, 0.5)
# Colours that differ in lightness and hue, for wrongly predicted classes.
MANY: tuple[str, ...] = tuple(
    "#" + "".join(f"{round(255 * c):02x}" for c in rgb) for rgb in colorcet.glasbey_hv[:RIGHT_LEVEL]
)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _ramp(*colours: str) -> tuple[str, ...]:
    """Interpolate 255 colours between a few."""
    given = np.array([_rgb(colour) for colour in colours], np.float64)
    places = np.linspace(0, len(colours) - 1, 255)
    mixed = [np.interp(places, np.arange(len(colours)), channel) for channel in given.T]
    return tuple("#" + "".join(f"{round(c):02x}" for c in rgb) for rgb in zip(*mixed, strict=True))


# Zero has nearly the background's colour in both themes.
PALETTES: dict[str, tuple[str, ...]] = {
    "blues": _ramp("#fafcfe", "#c6dcec", "#7fb2d6", "#2f7fb5", "#0b4f7d", "#062c47"),
    "diverging": tuple(colorcet.CET_D1A),
    "outcome": _ramp("#c2410c", "#dbe9f4"),
}
PALETTES_DARK: dict[str, tuple[str, ...]] = {
    "blues": _ramp("#0f1821", "#123a58", "#1f6ea3", "#4aa6dc", "#a3daf8", "#f4fbff"),
    "diverging": _ramp("#b9e2ff", "#4aa6dc", "#1b5a8a", "#12181f", "#8a3413", "#f0803f", "#ffd9bd"),
    "outcome": _ramp("#ff8a4c", "#1d3a52"),
}


def lookup_table(palette: str, *, dark: bool = False) -> bytes:
    """Give a palette as 256 RGBA colours; the last one is for missing values."""
    shades = PALETTES_DARK if dark else PALETTES
    many = (*MANY, shades["outcome"][RIGHT_LEVEL])
    colours = many if palette == "classes" else shades[palette]
    places = np.minimum(np.arange(255) * len(colours) // 255, len(colours) - 1)
    missing = (DARK if dark else LIGHT)["missing"]
    table = np.array([_rgb(colours[place]) for place in places] + [_rgb(missing)], np.uint8)
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


def class_levels(predicted: np.ndarray, label: int | np.ndarray) -> np.ndarray:
    """Give each predicted class its level of the palette ``classes``.

    Parameters
    ----------
    predicted : numpy.ndarray
        Class numbers, any shape; below 0 where none was recorded.
    label : int or numpy.ndarray
        The right class; broadcast against `predicted`.

    Returns
    -------
    numpy.ndarray
        uint8, the shape of `predicted`: `RIGHT_LEVEL` where it is right, `MISSING_LEVEL` where
        none was recorded, else one of 254 colours, which repeat.
    """
    wrong = np.where(predicted < 0, MISSING_LEVEL, predicted % RIGHT_LEVEL)
    return np.where(predicted == label, RIGHT_LEVEL, wrong).astype(np.uint8)


def _variables(*, dark: bool) -> str:
    """Write one theme as CSS variables."""
    inks, shades = (DARK, PALETTES_DARK) if dark else (LIGHT, PALETTES)
    series = CATEGORICAL_DARK if dark else CATEGORICAL
    pairs = dict(inks)
    pairs |= {f"series-{place}": colour for place, colour in enumerate(series)}
    for name in ("blues", "diverging"):
        last = len(shades[name]) - 1
        stops = [shades[name][place * last // 8] for place in range(9)]
        pairs[f"ramp-{name}"] = f"linear-gradient(to right, {', '.join(stops)})"
    pairs["right"], pairs["wrong"] = shades["outcome"][RIGHT_LEVEL], shades["outcome"][0]
    extremes, quartiles = BANDS_DARK if dark else BANDS
    pairs |= {"extremes": str(extremes), "quartiles": str(quartiles)}
    pairs["dark"] = "1" if dark else "0"
    scheme = "dark" if dark else "light"
    return f"color-scheme: {scheme}; " + " ".join(f"--dt-{k}: {v};" for k, v in pairs.items())


# The system's theme applies until a person chooses one; `data-theme` on the root holds the choice.
PAGE_CSS = (
    f":root {{ {_variables(dark=False)} }}\n"
    f"@media (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) "
    f"{{ {_variables(dark=True)} }} }}\n"
    f":root[data-theme=dark] {{ {_variables(dark=True)} }}\n"
)
CSS = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
WIDGET_CSS = (Path(__file__).parent / "widgets.css").read_text(encoding="utf-8")
