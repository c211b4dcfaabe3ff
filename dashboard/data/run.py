"""A run for the views: small, cached reads from the store."""

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import zarr
from zarr.core.sync import sync

from deeptracker.dashboard.data.commits import OpenCommit, newest_commit
from deeptracker.pipeline.locations.settings import StorageConfig
from deeptracker.pipeline.store.arrays.array_spec import ArraySpec
from deeptracker.pipeline.store.arrays.region_reader import spec_of
from deeptracker.pipeline.store.names import ZARR_FILE
from deeptracker.pipeline.store.network_changes import lifetime_text
from deeptracker.pipeline.store.stored_network import stored_changes

__all__ = ["Run", "first_line"]

Found = TypeVar("Found")


class Run:
    """One processed run on one page: at one commit, until the page shows a newer one.

    Parameters
    ----------
    location : str
        The store.
    storage : StorageConfig, optional
        How buckets are reached, for the log too; by default from the environment.

    Raises
    ------
    StoreError
        When the location holds no store.
    """

    def __init__(self, location: str, storage: StorageConfig | None = None) -> None:
        self.location = location
        self.storage = storage
        self._commit: OpenCommit = newest_commit(location, storage)

    def newer(self) -> "Run | None":
        """Give the run at the newest commit; None if this run is at it."""
        newest = Run(self.location, self.storage)
        return None if newest._commit is self._commit else newest

    def move_to(self, newer: "Run") -> None:
        """Show the commit of another `Run` of this store."""
        self._commit = newer._commit  # noqa: SLF001  of the same class

    @property
    def commit(self) -> str:
        """The commit that is shown."""
        return self._commit.snapshot_id

    @property
    def read_error(self) -> str:
        """Why the last check for a newer commit failed; empty if it succeeded."""
        return self._commit.read_error

    def find_read_error(self) -> str:
        """Check now whether the store can be read, and give the reason if not; keep the commit."""
        try:
            return newest_commit(self.location, self.storage).read_error
        except Exception as error:  # noqa: BLE001  any error means that the store cannot be read
            return first_line(error)

    @property
    def root(self) -> zarr.Group:
        """The store's root group, read-only."""
        return self._commit.root

    @property
    def attributes(self) -> dict[str, Any]:
        """Attributes of the root."""
        # All of these are cached with the commit. Before Python 3.12 a cached_property locks all
        # objects of its class, so that one hanging store would block every page.
        return self.fact("attributes", lambda: dict(self.root.attrs))

    @property
    def name(self) -> str:
        """The run's name."""
        return str(self.attributes.get("run", "run"))

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """The hyperparameters that the training script recorded."""
        return dict(json.loads(self.attributes.get("hyperparameters") or "{}"))

    @property
    def iterations(self) -> np.ndarray:
        """int64 [iteration]."""
        return self.array("iteration")

    def has(self, path: str) -> bool:
        """Whether the store has an array or group."""
        return self._commit.member(path) is not None

    def stored(self, path: str) -> "zarr.Array[Any]":
        """Give an array of the store, to be read in parts."""
        found = self._commit.member(path)
        assert isinstance(found, zarr.Array), f"{path} is not an array"
        return found

    def spec(self, path: str) -> ArraySpec:
        """Describe an array of the store, so that regions of it can be read together."""
        spec: ArraySpec = self.fact(f"spec of {path}", lambda: spec_of(self.stored(path)))
        return spec

    def group(self, path: str) -> zarr.Group:
        """Give a group of the store."""
        found = self._commit.member(path)
        assert isinstance(found, zarr.Group), f"{path} is not a group"
        return found

    def array(self, path: str) -> np.ndarray:
        """Read a whole small array, read-only; all pages share it."""
        return self._commit.array(path)

    def fact(self, name: str, find: Callable[[], Found]) -> Found:
        """Give the result of `find`, which depends on this commit alone; shared under a name."""
        return self._commit.fact(name, find)

    def part(self, path: str, *index: slice | int | np.ndarray) -> np.ndarray:
        """Read a part of an array."""
        return self._commit.part(path, index)

    @property
    def class_names(self) -> list[str]:
        """Names of the classes; empty without outcomes."""

        def find() -> list[str]:
            if not self.has("classes"):
                return []
            return [str(name) for name in self.array("classes/class_")]

        return self.fact("class names", find)

    @property
    def has_images(self) -> bool:
        """Whether outcomes of validation images were recorded."""
        return self.has("images/correct") and bool(self.class_names)

    @property
    def image_count(self) -> int:
        """Number of validation images."""
        return int(self.stored("images/label").shape[0]) if self.has("images/label") else 0

    @property
    def has_gradients(self) -> bool:
        """Whether gradients were recorded."""
        return self.has("nodes/grad_mean")

    def scalar_names(self) -> list[str]:
        """Names of the recorded scalars, which are arrays of ``/scalars``."""
        if not self.has("scalars/iteration_s"):
            return []
        # Only names are listed: opening thousands of arrays would take seconds.
        names: list[str] = self.fact("scalar names", lambda: sorted(_listed(self.group("scalars"))))
        return [name for name in names if name != "iteration_s"]

    @property
    def nodes(self) -> dict[str, np.ndarray]:
        """The architecture's flat table: name, label, kind, type, shape, parent, depth, size."""
        names = ("name", "label", "kind", "type", "shape", "parent", "depth", "size")
        return self.fact("nodes", lambda: {name: self.array(f"nodes/{name}") for name in names})

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        """The table of parameters: where the filters and the rows of each lie."""
        places = ("node", "filters", "first_filter", "first_row", "rows", "weights_per_row")
        names = ("name", *places, "first_iteration", "last_iteration")

        def find() -> dict[str, np.ndarray]:
            found = {name: self.array(f"parameters/{name}") for name in names}
            # A store from before networks could change has no names of tensors.
            has_tensors = self.has("parameters/tensor")
            found["tensor"] = self.array("parameters/tensor") if has_tensors else found["name"]
            return found

        return self.fact("parameters", find)

    def parameter(self, name: str) -> int:
        """Index of a parameter.

        Raises
        ------
        KeyError
            When there is none of that name.
        """
        places: dict[str, int] = self.fact("places of the parameters", self._find_parameters)
        return places[name]

    def _find_parameters(self) -> dict[str, int]:
        return {str(name): place for place, name in enumerate(self.parameters["name"])}

    @property
    def children(self) -> list[list[int]]:
        """Children of each node."""

        def find() -> list[list[int]]:
            found: list[list[int]] = [[] for _ in self.nodes["parent"]]
            for node, parent in enumerate(self.nodes["parent"]):
                if parent >= 0:
                    found[int(parent)].append(node)
            return found

        return self.fact("children", find)

    def node(self, name: str) -> int | None:
        """Index of a node; None if there is no node of that name."""
        places = np.flatnonzero(self.nodes["name"] == name)
        return int(places[0]) if len(places) else None

    def filtered_parameters(self, node: int) -> list[str]:
        """Parameters under a node that have filter measures."""
        table = self.parameters
        places, ends = self._subtrees
        inside = places[table["node"]] - places[node]
        chosen = np.flatnonzero((inside >= 0) & (inside < ends[node]) & (table["filters"] > 0))
        return [str(table["name"][i]) for i in chosen[np.argsort(inside[chosen])]]

    @property
    def _subtrees(self) -> tuple[np.ndarray, np.ndarray]:
        """Each node's place in depth-first order, and the number of nodes of its subtree."""

        def find() -> tuple[np.ndarray, np.ndarray]:
            parents = self.nodes["parent"]
            places, counts = np.empty(len(parents), np.int64), np.ones(len(parents), np.int64)
            places[self.depth_first] = np.arange(len(parents))
            # A parent comes before its children.
            for node in reversed(range(1, len(parents))):
                counts[parents[node]] += counts[node]
            return places, counts

        return self.fact("subtrees", find)

    @property
    def depth_first(self) -> list[int]:
        """The nodes in depth-first order; the store has those of later snapshots at the end."""

        def find() -> list[int]:
            found: list[int] = []
            waiting = [0] if self.children else []
            while waiting:
                found.append(waiting.pop())
                waiting += reversed(self.children[found[-1]])
            return found

        return self.fact("depth first", find)

    @property
    def parameter_names(self) -> list[str]:
        """Names of the parameters, in the tree's order."""
        nodes = self.nodes
        return [str(nodes["name"][i]) for i in self.depth_first if nodes["kind"][i] == "parameter"]

    @property
    def network_changes(self) -> str:
        """How the network changed during the training; empty if it did not."""
        return self.fact("network changes", lambda: stored_changes(self.root))

    def lifetime(self, node: int) -> str:
        """When the snapshots have a node: ``from 400``, ``until 390``; empty if all have it."""
        return self.fact("lifetimes", self._find_lifetimes)[node]

    def _find_lifetimes(self) -> list[str]:
        table, parents = self.parameters, self.nodes["parent"]
        first = np.full(len(parents), np.iinfo(np.int64).max)
        last = np.full(len(parents), -1)
        first[table["node"]], last[table["node"]] = (
            table["first_iteration"],
            table["last_iteration"],
        )
        for node in reversed(range(1, len(parents))):
            first[parents[node]] = min(first[parents[node]], first[node])
            last[parents[node]] = max(last[parents[node]], last[node])
        return [
            lifetime_text(begin, end, (int(first[0]), int(last[0])))
            for begin, end in zip(first.tolist(), last.tolist(), strict=True)
        ]

    def columns(self, window: tuple[float, float] | None) -> tuple[int, int]:
        """Translate iterations [first, last] into columns [first, last]; None means all."""
        last = len(self.iterations) - 1
        if window is None or last < 0:
            return 0, max(last, 0)
        low, high = sorted(window)
        first = int(np.searchsorted(self.iterations, low))
        final = int(np.searchsorted(self.iterations, high, side="right")) - 1
        first = min(max(first, 0), last)
        return first, min(max(final, first), last)

    def column(self, iteration: int) -> int | None:
        """Column of an iteration; None if nothing was recorded at it."""
        place = int(np.searchsorted(self.iterations, iteration))
        found = place < len(self.iterations) and self.iterations[place] == iteration
        return place if found else None

    def picked_columns(self, iterations: Sequence[int]) -> list[int]:
        """Columns of those iterations that were recorded."""
        found = (self.column(iteration) for iteration in iterations)
        return [column for column in found if column is not None]


def _listed(group: zarr.Group) -> list[str]:
    """List the names in a group."""

    async def names() -> list[str]:
        return [name async for name in group.store.list_dir(group.path)]

    return [name for name in sync(names()) if name != ZARR_FILE]


def first_line(error: Exception) -> str:
    """Give the first line of an error's message: libraries append traces to theirs."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
