"""The charts of the layer view: statistics of nodes over the iterations."""

from collections.abc import Iterable, Sequence

import holoviews as hv
import numpy as np

from deeptracker.dashboard.data.quantities import node_statistics
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.look.theme import BANDS, BANDS_DARK
from deeptracker.dashboard.notebook.figure_look import Look
from deeptracker.dashboard.notebook.matrix_raster import WIDTH, live_matrix
from deeptracker.dashboard.notebook.name_lookup import checked_name, checked_names

__all__ = ["LayerFigures"]

ENCODINGS = ["band", "line", "heat"]
# Most nodes that get a chart by default.
CHARTS = 8


class LayerFigures:
    """Nodes of the architecture tree.

    Parameters
    ----------
    run : Run
    look : Look
        Colours, light or dark.
    """

    def __init__(self, run: Run, look: Look) -> None:
        self._run = run
        self._look = look

    @property
    def names(self) -> list[str]:
        """Names of all nodes: network (the empty name), stages, blocks, layers, parameters."""
        return [str(name) for name in self._run.nodes["name"]]

    def values(
        self, nodes: Iterable[str], statistic: str, *, gradients: bool = False
    ) -> np.ndarray:
        """Give a statistic of some nodes, float64 [node, iteration].

        Raises
        ------
        UnknownNameError
            When there is no such node or statistic, or no gradients were recorded.
        """
        chosen = checked_names(nodes, self.names, "node")
        checked_name(statistic, node_statistics(self._run), "statistic")
        path = f"nodes/{'grad_' if gradients else ''}{statistic}"
        kinds = ["weights", *(["gradients"] if self._run.has_gradients else [])]
        checked_name("gradients" if gradients else "weights", kinds, "record of")
        places = [self._run.node(name) for name in chosen]
        return np.asarray(self._run.array(path)[np.array(places, np.int64)])

    def plot(
        self,
        nodes: str | Iterable[str] | None = None,
        *,
        statistic: str = "std",
        encoding: str = "band",
        gradients: bool = False,
        log: bool = False,
        height: int = 110,
    ) -> hv.Layout | hv.DynamicMap | hv.Overlay:
        """Draw statistics of nodes.

        Parameters
        ----------
        nodes : str or iterable of str, optional
            None means the network and its stages; with ``encoding="heat"``, all layers.
        statistic : str
            The statistic of lines and heat, such as ``"std"`` or ``"update_ratio"``.
        encoding : {"band", "line", "heat"}
            Minimum, quartiles and maximum of each node; one line per node; one raster of all nodes.
        gradients : bool
            Whether to draw gradients, not weights.
        log : bool
            Whether the vertical axis is logarithmic.
        height : int
            Pixels of each chart; the raster is three times as high.

        Returns
        -------
        holoviews.Layout, holoviews.Overlay or holoviews.DynamicMap
            Bands, lines, or a raster that is drawn again at every zoom.

        Raises
        ------
        UnknownNameError
            When there is no such node, statistic or encoding.
        """
        checked_name(encoding, ENCODINGS, "encoding")
        checked_name(statistic, node_statistics(self._run), "statistic")
        chosen = (
            self._default(encoding) if nodes is None else checked_names(nodes, self.names, "node")
        )
        what = f"{statistic.replace('_', ' ')} of {'gradients' if gradients else 'weights'}"
        if encoding == "heat":
            return live_matrix(
                self.values(chosen, statistic, gradients=gradients),
                self._run.iterations,
                chosen,
                rows="layer",
                value=(statistic, what),
                title=f"{what}, layer by iteration",
                height=3 * height,
                look=self._look,
            )
        if encoding == "line":
            numbers = self.values(chosen, statistic, gradients=gradients)
            return self._lines(chosen, numbers, (statistic, what), log=log, height=3 * height)
        charts = [self._band(name, gradients=gradients, log=log, height=height) for name in chosen]
        return hv.Layout(charts).cols(1)

    def _default(self, encoding: str) -> list[str]:
        nodes = self._run.nodes
        if encoding == "heat":
            return [str(name) for name in nodes["name"][nodes["kind"] == "layer"]]
        return [str(name) for name in nodes["name"][nodes["depth"] <= 1]][:CHARTS]

    def _lines(
        self,
        names: Sequence[str],
        numbers: np.ndarray,
        value: tuple[str, str],
        *,
        log: bool,
        height: int,
    ) -> hv.NdOverlay:
        """Draw one line per node; `numbers` [node, iteration], `value` their name and label."""
        lines = {
            name or "network": hv.Curve((self._run.iterations, series), "iteration", value)
            for name, series in zip(names, numbers, strict=True)
        }
        return hv.NdOverlay(lines, "node").opts(
            hv.opts.Curve(
                color=hv.Cycle(list(self._look.series)),
                frame_width=WIDTH,
                frame_height=height,
                logy=log,
                tools=["hover"],
                active_tools=["wheel_zoom"],
                title=value[1],
                hooks=[self._look.style],
            )
        )

    def _band(self, name: str, *, gradients: bool, log: bool, height: int) -> hv.Overlay:
        """Draw a pale band from minimum to maximum, a stronger one of quartiles, and the median."""
        five = {
            statistic: self.values([name], statistic, gradients=gradients)[0]
            for statistic in ("min", "q1", "median", "q3", "max")
        }
        places = self._run.iterations

        def between(low: str, high: str, alpha: float) -> hv.Area:
            area = hv.Area((places, five[low], five[high]), "iteration", [low, high])
            return area.opts(color=self._look.series[0], alpha=alpha, line_width=0)

        median = hv.Curve((places, five["median"]), "iteration", "median")
        extremes, quartiles = BANDS_DARK if self._look.dark else BANDS
        whole = between("min", "max", extremes) * between("q1", "q3", quartiles)
        return (
            whole * median.opts(color=self._look.inks["median"], line_width=1.3, tools=["hover"])
        ).opts(
            frame_width=WIDTH,
            frame_height=height,
            logy=log,
            ylabel="gradient" if gradients else "weight",
            title=f"{name or 'network'}: minimum, quartiles, maximum",
            show_legend=False,
            active_tools=["wheel_zoom"],
            hooks=[self._look.style],
        )
