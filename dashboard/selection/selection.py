"""The selection: the one object that links every view, and its other form, the query string."""

import json
import math
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote

import param

__all__ = ["RULES", "VIEWS", "Selection"]

RULES = ["left", "right", "full"]
VIEWS = ["validation", "layers", "weights", "correlation", "gallery", "info"]
LEVELS = ["network", "stage", "block", "layer", "parameter", "filter"]
WINDOWS = 50
MOST_NAMED = 8

# URL key of each parameter. Short, so that a link can be pasted anywhere.
KEYS = {
    "view": "v",
    "window": "w",
    "iterations": "i",
    "classes": "c",
    "images": "m",
    "nodes": "n",
    "filters": "f",
    "rule": "r",
    "anomaly_window": "k",
    "threshold": "t",
    "open_classes": "oc",
    "open_nodes": "on",
    "closed_nodes": "cn",
    "open_level": "ol",
    "layer_search": "ls",
    "enlarged": "en",
    "horizon_bands": "hb",
    "filter_rank": "fr",
    "top_filters": "tk",
    "raster_scale": "rs",
    "class_order": "so",
    "pixels": "px",
    "quantity": "q",
    "statistic": "st",
    "encoding": "e",
    "common_scale": "cs",
    "log_scale": "lg",
    "filter_measure": "fm",
    "filter_scale": "fs",
    "filter_order": "fo",
    "raster": "p",
    "raster_statistic": "ps",
    "raster_range": "z",
    "association": "as",
    "split": "sp",
    "second": "v2",
    "spacing": "ax",
    "smoothing": "sm",
    "log_scalars": "ll",
    "scalars": "sc",
    "slim": "sl",
    "cube_flat": "cf",
    "cube_order": "co",
    "cube_classes": "cc",
    "cube_layers": "cl",
    "cube_class": "uc",
    "cube_layer": "ul",
    "class_grouping": "cg",
    "class_clusters": "nc",
    "open_groups": "og",
    "class_search": "cq",
    "least_marks": "cm",
    "anomaly_lines": "al",
    "image_order": "io",
    "image_list": "il",
    "gallery_of": "go",
    "gallery_list": "gl",
    "gallery_class": "gc",
    "gallery_outcome": "gu",
    "gallery_page": "gp",
    "finding_severity": "fv",
    "finding_rule": "fw",
}
# What a link's parts are called where their own names say too little.
WORDS = {
    "view": "the view",
    "window": "the window of iterations",
    "anomaly_window": "the window of the anomaly rule",
    "threshold": "the threshold of anomalies",
    "raster": "the parameter of the weights",
    "raster_range": "the range of the weights",
    "split": "the layout",
    "second": "the second view",
    "spacing": "the time axis",
    "scalars": "the further scalars",
}


class Selection(param.Parameterized):
    """What a person has chosen. Views read it and write to it; none knows another.

    A garbled query string leaves the parameters it garbles at their defaults and says so in
    `notice`.
    """

    view: Any = param.Selector(
        default="validation", objects=VIEWS, doc="the view in the first pane"
    )
    window = param.Tuple(default=None, length=2, doc="first and last iteration shown; all if None")
    iterations = param.List(default=[], item_type=int, doc="picked iterations")
    classes = param.List(default=[], item_type=str, doc="picked classes")
    images = param.List(default=[], item_type=int, doc="picked images, the last one opened")
    nodes = param.List(default=[], item_type=str, doc="picked nodes of the architecture tree")
    filters = param.List(default=[], doc="picked filters, as [parameter, index]")
    rule: Any = param.Selector(default="left", objects=RULES, doc="anomaly rule")
    anomaly_window = param.Integer(default=5, bounds=(1, WINDOWS), doc="snapshots of the rule")
    threshold = param.Integer(default=1, bounds=(1, None), doc="anomalous images for a mark")
    open_classes = param.List(default=[], item_type=str, doc="classes unfolded into images")
    open_nodes = param.List(default=None, allow_None=True, doc="nodes unfolded beyond the level")
    closed_nodes = param.List(default=[], item_type=str, doc="nodes folded in spite of the level")
    open_level: Any = param.Selector(
        default="stage", objects=LEVELS, doc="kind of node that the tree is unfolded to"
    )
    layer_search = param.String(default="", doc="words in the names of the nodes shown")
    enlarged = param.String(default=None, allow_None=True, doc="node whose multiple is enlarged")
    class_order: Any = param.Selector(
        default="name", objects=["name", "error", "anomaly", "similarity"], doc="order of classes"
    )
    pixels: Any = param.Selector(
        default="correct", objects=["correct", "predicted", "loss"], doc="what image pixels show"
    )
    quantity: Any = param.Selector(default="weights", objects=["weights", "gradients"])
    statistic = param.String(default="std", doc="the statistic drawn as a line")
    encoding: Any = param.Selector(
        default="band", objects=["band", "line", "box", "horizon", "change", "histogram", "ridge"]
    )
    horizon_bands = param.Integer(default=3, bounds=(1, 5), doc="bands of a horizon chart")
    common_scale = param.Boolean(default=False, doc="one vertical scale for all nodes")
    log_scale = param.Boolean(default=False, doc="logarithmic vertical scale")
    filter_measure = param.String(default="change_relative_norm2")
    filter_scale: Any = param.Selector(default="all", objects=["all", "row", "column"])
    filter_rank = param.String(default="anomaly_score", doc="measure that ranks the top filters")
    top_filters = param.Integer(default=8, bounds=(1, 100), doc="how many filters are the top ones")
    filter_order: Any = param.Selector(default="index", objects=["index", "size", "similarity"])
    raster = param.String(default="", doc="parameter of the weight raster")
    raster_statistic: Any = param.Selector(default="mean", objects=["mean", "min", "max", "range"])
    raster_scale: Any = param.Selector(
        default="shared", objects=["shared", "own"], doc="colours of rasters side by side"
    )
    raster_range = param.Tuple(
        default=None, length=4, doc="first and last column, first and last weight of the raster"
    )
    association: Any = param.Selector(
        default="co_occurrence", objects=["co_occurrence", "association"]
    )
    split: Any = param.Selector(
        default="", objects=["", "beside", "below"], doc="how a second view stands by the first"
    )
    second: Any = param.Selector(default="layers", objects=VIEWS, doc="the view in the other pane")
    spacing: Any = param.Selector(
        default="ordinal",
        objects=["ordinal", "true"],
        doc="time axes: snapshots evenly wide, or where they were recorded",
    )
    smoothing = param.Number(
        default=0.0, bounds=(0.0, 0.99), doc="weight of the past in the timeline's moving average"
    )
    log_scalars = param.Boolean(default=True, doc="loss and learning rate on logarithmic scales")
    scalars = param.List(
        default=None, allow_None=True, item_type=str, doc="further scalars drawn; a few if None"
    )
    slim = param.Boolean(default=False, doc="show the timeline's main row alone")
    dark = param.Boolean(default=False, doc="the browser's theme; not part of a link")
    cube_flat = param.Integer(
        default=0, bounds=(0, 100), doc="how far the cube is unfolded: 0 oblique, 100 flat"
    )
    cube_order: Any = param.Selector(
        default="name", objects=["name", "anomaly"], doc="order of the cube's classes"
    )
    cube_classes = param.Tuple(
        default=None,
        length=2,
        doc="first item of the cube's class axis, and the one after the last",
    )
    cube_layers = param.Tuple(default=None, length=2, doc="the same of the layer axis")
    cube_class = param.String(default="", doc="the class unfolded into images in the cube")
    cube_layer = param.String(default="", doc="the layer unfolded into filters in the cube")
    class_grouping: Any = param.Selector(
        default="none", objects=["none", "similarity", "given"], doc="how classes are grouped"
    )
    class_clusters = param.Integer(default=12, bounds=(2, 100), doc="clusters of similar classes")
    open_groups = param.List(default=[], item_type=str, doc="groups unfolded into classes")
    class_search = param.String(default="", doc="parts of class names, by commas; all if empty")
    least_marks = param.Integer(default=0, bounds=(0, None), doc="anomalous iterations of a class")
    anomaly_lines = param.Boolean(default=False, doc="anomalous images as a line under each class")
    image_order: Any = param.Selector(
        default="forgetting", objects=["index", "forgetting", "similarity"], doc="order of images"
    )
    image_list: Any = param.Selector(
        default="forgotten", objects=["forgotten", "never", "unforgettable"]
    )
    gallery_list: Any = param.Selector(
        default="all", objects=["all", "forgotten", "never", "unforgettable"]
    )
    gallery_of: Any = param.Selector(default="images", objects=["images", "classes"])
    gallery_class = param.String(default="", doc="class of the gallery's images; all if empty")
    gallery_outcome: Any = param.Selector(
        default="any", objects=["any", "right", "wrong"], doc="outcome at the picked iteration"
    )
    gallery_page = param.Integer(default=0, bounds=(0, None), doc="page of the gallery, from 0")
    finding_severity = param.String(default="", doc="severity of the findings shown; all if empty")
    finding_rule = param.String(default="", doc="rule of the findings shown; all if empty")
    notice = param.String(default="", doc="something to tell the person; not part of a link")

    def to_query(self) -> str:
        """Write what differs from the defaults as a query string, without the question mark."""
        pairs = []
        for name, key in KEYS.items():
            value = getattr(self, name)
            if value == self.param[name].default:
                continue
            pairs.append(f"{key}={quote(_written(value), safe=',.:[]')}")
        return "&".join(pairs)

    def from_query(
        self, query: str, sift: Callable[[dict[str, Any]], list[str]] | None = None
    ) -> None:
        """Take over a query string; parameters that it does not name get their defaults.

        A link that a person writes may name parameters in full.

        Parameters
        ----------
        sift : callable, optional
            Takes out of the values what does not exist, and says in words what that was.
        """
        given = dict(parse_qsl(query.removeprefix("?"), keep_blank_values=True))
        names = {key: name for name, key in KEYS.items()} | {name: name for name in KEYS}
        values: dict[str, Any] = {name: self.param[name].default for name in KEYS}
        spoilt = []
        for key, text in given.items():
            name = names.get(key)
            if name is None:
                continue
            try:
                value = _read(text, self.param[name])
                Selection(**{name: value})
            except (ValueError, TypeError, RecursionError):
                spoilt.append(WORDS.get(name, name.replace("_", " ")))
            else:
                values[name] = value
        missing = sift(values) if sift else []
        notices = []
        if spoilt:
            notices.append(f"This link says something odd of {_listed(spoilt)}; that was left out.")
        if missing:
            notices.append(f"The link names what this run does not have: {_listed(missing)}.")
        self.param.update(**values, notice=" ".join(notices))

    def toggle(self, name: str, value: Any, *, add: bool = False) -> None:
        """Pick a value of a list parameter, or drop it where it is the one picked.

        Parameters
        ----------
        add : bool
            Keep what is picked already.
        """
        picked = list(getattr(self, name))
        if value in picked:
            chosen = (
                [other for other in picked if other != value]
                if add or len(picked) == 1
                else [value]
            )
        else:
            chosen = [*picked, value] if add else [value]
        setattr(self, name, chosen)


def _listed(words: list[str]) -> str:
    """Join words as a sentence does; a long list is cut."""
    shown = words[:MOST_NAMED]
    if more := len(words) - len(shown):
        shown.append(f"{more:,} more")
    return " and ".join([part for part in (", ".join(shown[:-1]), shown[-1]) if part])


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))


def _read(text: str, parameter: param.Parameter) -> Any:
    if isinstance(parameter, param.Boolean):
        return {"1": True, "0": False}[text] if text in ("0", "1") else _refuse(text)
    if isinstance(parameter, param.Selector | param.String):
        return text
    value = json.loads(text)
    if isinstance(parameter, param.Tuple):
        if not isinstance(value, list) or not all(_is_number(entry) for entry in value):
            _refuse(text)
        return tuple(value)
    if parameter.name == "filters" and not all(map(_is_filter, value)):
        _refuse(text)
    return value


def _is_filter(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and type(value[1]) is int
    )


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _refuse(text: str) -> Any:
    raise ValueError(text)
