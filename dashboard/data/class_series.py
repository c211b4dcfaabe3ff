"""Classes over the iterations: their errors and anomalies, in groups, filtered and ordered."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from deeptracker.dashboard.data.byte_cache import SHARED
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.similarity import SimilarityTree, similarity_tree

__all__ = [
    "ClassHistories",
    "Group",
    "Listed",
    "Listing",
    "class_histories",
    "given_groups",
    "groups_of_class",
    "listed_classes",
    "named_class",
    "passing_classes",
    "shown_groups",
    "similar_groups",
]

SEPARATORS = ("/", " > ", "::")


def named_class(name: str) -> str:
    """Put "class" before a class's name, unless the name has it: "class 3", "class 0007"."""
    return name if name.startswith("class") else f"class {name}"


@dataclass(frozen=True)
class ClassHistories:
    """Histories of all classes.

    Attributes
    ----------
    names : sequence of str
    sizes : numpy.ndarray
        int64 [class_], images of each.
    error : numpy.ndarray
        float32 [class_, iteration], share of wrong outcomes; NaN where not recorded.
    counts : numpy.ndarray
        int32 [class_, iteration], anomalous images by the chosen rule and window.
    """

    names: Sequence[str]
    sizes: np.ndarray
    error: np.ndarray
    counts: np.ndarray

    def error_of(self, members: np.ndarray) -> np.ndarray:
        """float32 [iteration]: share of wrong outcomes over the images of some classes."""
        error, sizes = self.error[members], self.sizes[members].astype(np.float64)
        known = np.isfinite(error)
        images = (known * sizes[:, None]).sum(axis=0)
        wrong = (np.where(known, error, 0) * sizes[:, None]).sum(axis=0)
        shares = np.divide(wrong, images, out=np.full(len(images), np.nan), where=images > 0)
        return shares.astype(np.float32)

    def final_error(self) -> np.ndarray:
        """float64 [class_]: the last recorded error; -1 if there is none."""
        known = np.isfinite(self.error)
        last = self.error.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
        final = self.error[np.arange(len(self.error)), last].astype(np.float64)
        return np.where(known.any(axis=1), final, -1.0)

    def marks(self, threshold: int) -> np.ndarray:
        """int64 [class_]: iterations with at least `threshold` anomalous images."""
        return (self.counts >= max(1, threshold)).sum(axis=1)

    def similarity(self) -> SimilarityTree | None:
        """Give the hierarchy of the classes' error histories; None for a single class."""
        return similarity_tree(self.error) if len(self.names) > 1 else None


@dataclass(frozen=True)
class Group:
    """Classes that belong together, in parts.

    Attributes
    ----------
    key : str
        Unique among the groups; identifies the group in `open_groups`.
    label : str
    members : numpy.ndarray
        int64, all classes in it, including those of its parts.
    parts : tuple of Group
    """

    key: str
    label: str
    members: np.ndarray
    parts: tuple["Group", ...] = ()

    def direct_members(self) -> np.ndarray:
        """Classes that are in none of the parts."""
        within = [part.members for part in self.parts]
        return np.setdiff1d(self.members, np.concatenate(within)) if within else self.members


@dataclass(frozen=True)
class Listed:
    """An entry of the list: a group, or a class (`number` of it)."""

    depth: int
    group: Group | None = None
    number: int = -1
    is_open: bool = False
    shown: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(frozen=True)
class Listing:
    """How classes are listed.

    Attributes
    ----------
    order : {"name", "error", "anomaly", "similarity"}
    grouping : {"none", "similarity", "given"}
    clusters : int
        Groups of similar classes.
    open_groups : collection of str
        Keys of the groups that are unfolded.
    search : str
        Parts of class names, by commas; all classes if empty.
    least_marks : int
        Anomalous iterations that a class needs to be listed.
    threshold : int
        Anomalous images that make an iteration anomalous.
    """

    order: str = "name"
    grouping: str = "none"
    clusters: int = 12
    open_groups: Collection[str] = ()
    search: str = ""
    least_marks: int = 0
    threshold: int = 1


def class_histories(run: Run, rule: str, window: int) -> ClassHistories:
    """Read the histories by a rule and its window; shared by all pages of the run."""
    counts = SHARED.get(
        (run.location, run.commit, "classes", rule, window),
        lambda: run.part(f"classes/{rule}", slice(window - 1, window))[0],
    )
    return ClassHistories(
        run.class_names, run.array("classes/size"), run.array("classes/error"), counts
    )


def given_groups(names: Sequence[str], hyperparameters: Mapping[str, Any]) -> tuple[Group, ...]:
    """Give the groups that the training recorded; none if it recorded none.

    They are `hyperparameters["class_groups"]`, a mapping of a group's name to a list of class names
    or to a mapping of the same kind; or else the class names themselves, where most of them are
    paths such as ``animal/dog/poodle``.
    """
    recorded = hyperparameters.get("class_groups")
    if isinstance(recorded, Mapping) and recorded:
        places = {name: number for number, name in enumerate(names)}
        paths = {places[name]: path for path, name in _paths(recorded, ()) if name in places}
        return _grouped(paths)
    for separator in SEPARATORS:
        paths = {
            number: tuple(part.strip() for part in name.split(separator)[:-1])
            for number, name in enumerate(names)
            if separator in name
        }
        if len(paths) * 2 > len(names):
            return _grouped(paths)
    return ()


def similar_groups(histories: ClassHistories, count: int) -> tuple[Group, ...]:
    """Cut the classes into clusters of similar error histories.

    A cluster's number follows from its first class, not from the order of the clusters.
    """
    tree = histories.similarity()
    if tree is None:
        return ()
    label = tree.clusters(count)
    _, first = np.unique(label, return_index=True)
    clusters = (np.flatnonzero(label == label[place]) for place in np.sort(first))
    return tuple(
        Group(str(number), f"cluster {number}", members)
        for number, members in enumerate(clusters, 1)
    )


def shown_groups(run: Run, listing: Listing, histories: ClassHistories) -> tuple[Group, ...]:
    """Give the groups that the classes are listed in; none if they are not grouped."""
    if listing.grouping == "similarity":
        return similar_groups(histories, listing.clusters)
    if listing.grouping == "given":
        return given_groups(run.class_names, run.hyperparameters)
    return ()


def groups_of_class(groups: Sequence[Group], number: int) -> list[str]:
    """Give the keys of the groups that a class is in, the outermost first."""
    for group in groups:
        if number in group.members:
            return [group.key, *groups_of_class(group.parts, number)]
    return []


def listed_classes(run: Run, listing: Listing, histories: ClassHistories) -> list[Listed]:
    """List groups and classes as they are shown: grouped, filtered, ordered, unfolded."""
    shown = passing_classes(listing, histories)
    rank = _rank(listing.order, histories)
    groups = shown_groups(run, listing, histories)
    searching = bool(listing.search.strip())
    opened = set(listing.open_groups)

    def classes(members: np.ndarray, depth: int) -> list[Listed]:
        passing = members[shown[members]]
        ordered = passing[np.argsort(rank[passing], kind="stable")]
        return [Listed(depth, number=int(number)) for number in ordered]

    def unfolded(parts: Sequence[Group], depth: int) -> list[Listed]:
        found: list[Listed] = []
        ranked = sorted(parts, key=lambda part: _group_rank(listing.order, histories, rank, part))
        for group in ranked:
            passing = group.members[shown[group.members]]
            if not passing.size:
                continue
            is_open = searching or group.key in opened
            found.append(Listed(depth, group, is_open=is_open, shown=passing))
            if is_open:
                found += unfolded(group.parts, depth + 1)
                found += classes(group.direct_members(), depth + 1)
        return found

    everything = np.arange(len(histories.names))
    if not groups:
        return classes(everything, 0)
    grouped = np.concatenate([group.members for group in groups])
    return unfolded(groups, 0) + classes(np.setdiff1d(everything, grouped), 0)


def passing_classes(listing: Listing, histories: ClassHistories) -> np.ndarray:
    """Bool [class_]: which pass the search and the minimum of anomalous iterations."""
    terms = [term.strip().casefold() for term in listing.search.split(",")]
    terms = [term for term in terms if term]
    passing = histories.marks(listing.threshold) >= listing.least_marks
    if terms:
        named = [any(term in name.casefold() for term in terms) for name in histories.names]
        passing &= np.array(named, bool)
    return passing


def _rank(order: str, histories: ClassHistories) -> np.ndarray:
    """int64 [class_]: the place of each class in an order."""
    if order == "error":
        places = np.argsort(-histories.final_error(), kind="stable")
    elif order == "anomaly":
        places = np.argsort(-histories.counts.sum(axis=1, dtype=np.int64), kind="stable")
    elif order == "similarity" and (tree := histories.similarity()) is not None:
        places = tree.order
    else:
        names = list(map(_natural, histories.names))
        places = np.array(sorted(range(len(names)), key=lambda number: names[number]), np.int64)
    rank = np.empty(len(places), np.int64)
    rank[places] = np.arange(len(places))
    return rank


def _group_rank(
    order: str, histories: ClassHistories, rank: np.ndarray, group: Group
) -> tuple[Any, ...]:
    """Give a group's sort key, computed over all its classes."""
    sizes = histories.sizes[group.members]
    if order == "error":
        final = np.maximum(histories.final_error()[group.members], 0)
        return (-float((final * sizes).sum()) / max(1, int(sizes.sum())), group.label)
    if order == "anomaly":
        return (-int(histories.counts[group.members].sum()), group.label)
    if order == "similarity":
        return (float(rank[group.members].min()), group.label)
    return _natural(group.label)


def _natural(name: str) -> tuple[Any, ...]:
    """Sort "class 10" behind "class 9"."""
    parts = re.split(r"(\d+)", name.casefold())
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts if part)


def _paths(groups: Mapping[str, Any], above: tuple[str, ...]) -> list[tuple[tuple[str, ...], str]]:
    found: list[tuple[tuple[str, ...], str]] = []
    for label, inside in groups.items():
        path = (*above, str(label))
        if isinstance(inside, Mapping):
            found += _paths(inside, path)
        elif isinstance(inside, list):
            found += [(path, str(name)) for name in inside]
    return found


def _grouped(paths: Mapping[int, tuple[str, ...]], depth: int = 0) -> tuple[Group, ...]:
    """Make groups of classes by the part of their paths at a depth, and subgroups below it."""
    inside: dict[tuple[str, ...], list[int]] = {}
    for number, path in paths.items():
        if len(path) > depth:
            inside.setdefault(path[: depth + 1], []).append(number)
    return tuple(
        Group(
            "/".join(path),
            path[-1],
            np.array(sorted(members), np.int64),
            _grouped({number: paths[number] for number in members}, depth + 1),
        )
        for path, members in inside.items()
    )
