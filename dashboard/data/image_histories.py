"""Histories of single images: forgotten, never learned, and similar ones.

Forgetting events are those of Toneva et al., *An Empirical Study of Example Forgetting during Deep
Neural Network Learning* (ICLR 2019, arXiv 1812.05159): an image is forgotten if it was right and
is wrong at the next outcome; it is unforgettable when it was learned and never forgotten. They
counted presentations of training examples; here the outcomes are those of the snapshots.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from deeptracker.dashboard.data.byte_cache import SHARED
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.similarity import similarity_order

__all__ = [
    "LISTS",
    "Forgetting",
    "Neighbour",
    "forgetting_of",
    "image_forgetting",
    "image_list",
    "images_of_class",
    "neighbours",
    "outcomes_of",
]

LISTS = {
    "all": "all images",
    "forgotten": "forgotten",
    "never": "never learned",
    "unforgettable": "unforgettable",
}
MISSING = 255
# Rows read at a time, so that memory stays small for any number of images.
BLOCK = 4096
# Above this many images, order by the place on the first principal axis of their histories.
TREE_AT_MOST = 1500


@dataclass(frozen=True)
class Forgetting:
    """Learning and forgetting of each image, from its outcomes.

    Attributes
    ----------
    events : numpy.ndarray
        int32 [image], number of times that the image was right and then wrong.
    first_right : numpy.ndarray
        int32 [image], the column at which it was first right; -1 if it never was.
    share_right : numpy.ndarray
        float32 [image], share of right outcomes; NaN if none was recorded.
    """

    events: np.ndarray
    first_right: np.ndarray
    share_right: np.ndarray


@dataclass(frozen=True)
class Neighbour:
    """An image whose history is similar to another's; `differing` outcomes differ."""

    image: int
    differing: int


def forgetting_of(correct: np.ndarray) -> Forgetting:
    """Count forgetting events; each outcome is compared with the recorded one before it.

    Parameters
    ----------
    correct : numpy.ndarray
        uint8 [image, column]: 1 right, 0 wrong, 255 not recorded.
    """
    known = correct != MISSING
    right = correct == 1
    before = _last_recorded(correct)[:, :-1]
    events = ((before == 1) & (correct[:, 1:] == 0)).sum(axis=1)
    first = np.where(right.any(axis=1), right.argmax(axis=1), -1)
    recorded = known.sum(axis=1)
    share = np.divide(
        right.sum(axis=1), recorded, out=np.full(len(correct), np.nan), where=recorded > 0
    )
    return Forgetting(events.astype(np.int32), first.astype(np.int32), share.astype(np.float32))


def image_forgetting(run: Run) -> Forgetting:
    """Count the forgetting events of all images; reads every outcome once per commit."""

    def count() -> tuple[np.ndarray, ...]:
        parts = [forgetting_of(block) for _, block in _blocks(run)]
        return (
            np.concatenate([part.events for part in parts]),
            np.concatenate([part.first_right for part in parts]),
            np.concatenate([part.share_right for part in parts]),
        )

    return Forgetting(*SHARED.get((run.location, run.commit, "forgetting"), count))


def image_list(name: str, found: Forgetting) -> np.ndarray:
    """Give the images of a list, the most extreme first: int64 [entry].

    Parameters
    ----------
    name : {"forgotten", "never", "unforgettable", "all"}
        Forgotten: most forgetting events first. Unforgettable: learned earliest first.
    """
    recorded = np.isfinite(found.share_right)
    if name == "forgotten":
        chosen = np.flatnonzero(found.events > 0)
        return chosen[np.argsort(-found.events[chosen], kind="stable")]
    if name == "never":
        return np.flatnonzero(recorded & (found.first_right < 0))
    if name == "unforgettable":
        chosen = np.flatnonzero((found.first_right >= 0) & (found.events == 0))
        return chosen[np.argsort(found.first_right[chosen], kind="stable")]
    return np.arange(len(found.events))


def images_of_class(run: Run, number: int, order: str) -> np.ndarray:
    """Give the images of a class in an order, int64 [image of the class].

    Parameters
    ----------
    order : {"index", "forgetting", "similarity"}
        Forgetting: most forgetting events first; among equals, most wrong outcomes first.
    """
    images = np.flatnonzero(run.array("images/label") == number)
    if order == "index" or not len(images):
        return images

    def ordered() -> np.ndarray:
        correct = outcomes_of(run, number, "correct")
        if order == "forgetting":
            found = forgetting_of(correct)
            return images[np.lexsort((np.nan_to_num(found.share_right), -found.events))]
        right = np.where(correct == MISSING, 0.5, correct).astype(np.float32)
        if len(images) <= TREE_AT_MOST:
            return images[similarity_order(right)]
        return images[np.argsort(_principal(right), kind="stable")]

    return SHARED.get((run.location, run.commit, "images", number, order), ordered)


def outcomes_of(run: Run, number: int, name: str) -> np.ndarray:
    """Read `images/<name>` of the images of a class, in the order of their index."""

    def read() -> np.ndarray:
        images = np.flatnonzero(run.array("images/label") == number)
        return run.part(f"images/{name}", images, slice(None))

    return SHARED.get((run.location, run.commit, "outcomes", number, name), read)


def neighbours(run: Run, image: int, count: int = 8) -> list[Neighbour]:
    """Find the images whose outcomes equal an image's at the greatest number of iterations.

    An outcome counts only if it was recorded for both images. Among equally similar images, those
    of the same class come first. Reads every outcome: use a thread.
    """
    own = run.part("images/correct", slice(image, image + 1))[0]
    label = run.array("images/label")
    nearest: list[tuple[int, bool, int]] = []
    for first, block in _blocks(run):
        differing = ((block != own) & (block != MISSING) & (own != MISSING)).sum(axis=1)
        other = label[first : first + len(block)] != label[image]
        places = np.lexsort((other, differing))[: count + 1]
        nearest += [(int(differing[i]), bool(other[i]), first + int(i)) for i in places]
    nearest = sorted(entry for entry in nearest if entry[2] != image)[:count]
    return [Neighbour(place, differing) for differing, _, place in nearest]


def _blocks(run: Run) -> Iterator[tuple[int, np.ndarray]]:
    """Read uint8 [image, column] in blocks of images, each with its first image."""
    images = run.stored("images/correct").shape[0]
    for first in range(0, images, BLOCK):
        yield first, run.part("images/correct", slice(first, min(first + BLOCK, images)))


def _last_recorded(correct: np.ndarray) -> np.ndarray:
    """Fill missing outcomes with the last recorded one."""
    known = correct != MISSING
    if known.all():
        return correct
    places = np.where(known, np.arange(correct.shape[1], dtype=np.int32), 0)
    np.maximum.accumulate(places, axis=1, out=places)
    return np.take_along_axis(correct, places, axis=1)


def _principal(series: np.ndarray) -> np.ndarray:
    """Place each series on the first principal axis of all."""
    centred = series - series.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    return centred @ vectors[:, -1]
