"""The charts of the validation view: classes and their images over the iterations."""

import holoviews as hv
import numpy as np

from deeptracker.dashboard.data.cube_numbers import class_anomalies, images_by_flips
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.similarity import similarity_order
from deeptracker.dashboard.notebook.figure_look import Look
from deeptracker.dashboard.notebook.matrix_raster import live_matrix
from deeptracker.dashboard.notebook.name_lookup import checked_name

__all__ = ["ClassFigures"]

MEASURES = {
    "error": "share of images wrong",
    "flips": "images whose correctness changed",
    "anomalies": "anomalous images",
}
ORDERS = ["name", "error", "anomaly", "similarity"]


class ClassFigures:
    """Classes of the validation set.

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
        """Names of the classes, as recorded."""
        return self._run.class_names

    def values(self, measure: str = "error", *, rule: str = "left", window: int = 5) -> np.ndarray:
        """Give a measure of every class, [class_, iteration].

        Parameters
        ----------
        measure : {"error", "flips", "anomalies"}
        rule : {"left", "right", "full"}
        window : int
            The anomaly rule's.
        """
        checked_name(measure, MEASURES, "measure of classes")
        checked_name("classes", ["classes"] if self._run.has_images else [], "set of")
        if measure == "anomalies":
            return class_anomalies(self._run, rule, window)
        return self._run.array(f"classes/{measure}")

    def plot(
        self,
        measure: str = "error",
        *,
        order: str = "name",
        rule: str = "left",
        window: int = 5,
        height: int = 320,
    ) -> hv.DynamicMap:
        """Draw one heat line a class.

        Parameters
        ----------
        measure : {"error", "flips", "anomalies"}
        order : {"name", "error", "anomaly", "similarity"}
            As recorded; by final error; by anomalies; similar histories next to each other.
        rule, window
            The anomaly rule's.
        height : int
            Pixels.

        Returns
        -------
        holoviews.DynamicMap
            Rasterized again at every zoom.

        Raises
        ------
        UnknownNameError
            When there is no such measure or order, or no class.
        """
        values = self.values(measure, rule=rule, window=window)
        checked_name(order, ORDERS, "order of classes")
        error = np.nan_to_num(self._run.array("classes/error"))
        places = {
            "name": lambda: np.arange(len(values)),
            "error": lambda: np.argsort(-error[:, -1], kind="stable"),
            "anomaly": lambda: np.argsort(
                -self.values("anomalies", rule=rule, window=window).sum(axis=1), kind="stable"
            ),
            "similarity": lambda: np.array(similarity_order(error)),
        }[order]()
        return live_matrix(
            values[places],
            self._run.iterations,
            [self.names[place] for place in places],
            rows="class",
            value=(measure, MEASURES[measure]),
            title=f"{MEASURES[measure]}, class by iteration",
            height=height,
            look=self._look,
        )

    def images(self, name: str, *, height: int = 320) -> hv.DynamicMap:
        """Draw whether each image of a class was wrong, images of most flips first.

        Parameters
        ----------
        name : str
            A class.
        height : int
            Pixels.

        Raises
        ------
        UnknownNameError
            When there is no such class.
        """
        run = self._run
        number = self.names.index(checked_name(name, self.names, "class"))
        images = images_by_flips(run, number)
        order = np.argsort(images)
        correct = np.empty((len(images), len(run.iterations)), np.float32)
        correct[order] = run.part("images/correct", images[order], slice(None))
        wrong = np.where(correct == 255, np.nan, 1 - correct)
        shown = run.array("images/name")[images]
        return live_matrix(
            wrong,
            run.iterations,
            [str(image) for image in shown],
            rows=f"image of class {name}",
            value=("wrong", "wrong"),
            title=f"images of class {name}: dark where wrong",
            limits=(0.0, 1.0),
            height=height,
            look=self._look,
        )
