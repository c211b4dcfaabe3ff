"""Images as tiles: a picture, a caption, and the history of outcomes under it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import param

from deeptracker.dashboard.widgets.component import Component
from deeptracker.dashboard.widgets.modules import module_of

__all__ = ["ImageGrid", "Tile"]


@dataclass(frozen=True)
class Tile:
    """One tile.

    Attributes
    ----------
    id : str
        Identifies the tile in events.
    title, caption : str
    state : {"right", "wrong", ""}
        The outcome that colours the tile's edge.
    """

    id: str
    title: str
    caption: str = ""
    state: str = ""


class ImageGrid(Component):
    """Tiles in rows (``grid``), or one below another with small pictures (``list``).

    A click or Enter arrives as `event`: ``id`` of the tile.
    """

    tiles = param.List(default=[])
    shape = param.List(default=[], doc="y, x and channels of each picture; empty for none")
    data = param.Bytes(default=b"", doc="uint8 [tile, y, x, channel]")
    columns = param.Integer(default=0, doc="outcomes of each history")
    histories = param.Bytes(default=b"", doc="levels [tile, column], 255 missing")
    selected = param.List(default=[], doc="ids of marked tiles")
    layout: Any = param.Selector(default="grid", objects=["grid", "list"])
    test_id = param.String(default="images")
    description = param.String(default="images")

    _esm = module_of(__file__)

    def fill(
        self,
        tiles: Sequence[Tile],
        pictures: np.ndarray | None,
        histories: np.ndarray | None,
        **values: Any,
    ) -> None:
        """Show these tiles.

        Parameters
        ----------
        tiles : sequence of Tile
        pictures : numpy.ndarray, optional
            uint8 [tile, y, x, channel].
        histories : numpy.ndarray, optional
            uint8 [tile, column], as `outcome_levels` of `data.outcome_pixels` gives them.
        """
        drawn = pictures is not None and len(tiles) > 0
        has_histories = histories is not None and len(tiles) > 0
        self.param.update(
            tiles=[vars(tile) for tile in tiles],
            shape=list(pictures.shape[1:]) if drawn and pictures is not None else [],
            data=np.ascontiguousarray(pictures, np.uint8).tobytes() if drawn else b"",
            columns=histories.shape[1] if has_histories and histories is not None else 0,
            histories=np.ascontiguousarray(histories, np.uint8).tobytes() if has_histories else b"",
            **values,
        )
