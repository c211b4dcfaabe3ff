"""Cutting a region of an array into pieces, by the chunks and objects that it touches."""

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

from deeptracker.pipeline.store.arrays.array_spec import ArraySpec, Position

__all__ = ["Piece", "WholeChunks", "pieces_of", "whole_chunks_of"]


class Piece(NamedTuple):
    """The part of a region in one chunk.

    Attributes
    ----------
    place : tuple of int
        Position of the object in the array.
    chunk : tuple of int
        Position of the chunk in the object.
    values, within : tuple of slice
        Its place in the region, and in the chunk.
    whole : bool
        Whether it is the whole chunk, up to the array's end.
    """

    place: Position
    chunk: Position
    values: tuple[slice, ...]
    within: tuple[slice, ...]
    whole: bool


class WholeChunks(NamedTuple):
    """The chunks of one object that a region covers.

    Attributes
    ----------
    place : tuple of int
        Position of the object in the array.
    chunks : list of tuple of int
        Positions of the chunks in the object.
    numbers : list of int
        Their numbers among the region's chunks, counted along the last dim first.
    """

    place: Position
    chunks: list[Position]
    numbers: list[int]


def whole_chunks_of(
    spec: ArraySpec, offset: tuple[int, ...], shape: tuple[int, ...]
) -> list[WholeChunks] | None:
    """Cut a region into full chunks, object by object; None if it holds a part of a chunk."""
    chunks = spec.chunks
    if any(s % c or n % c for s, n, c in zip(offset, shape, chunks, strict=True)):
        return None
    counts = [n // c for n, c in zip(shape, chunks, strict=True)]
    sides = []
    for dim, (start, chunk, count, grid) in enumerate(
        zip(offset, chunks, counts, spec.grid, strict=True)
    ):
        # By object along this dim: the chunks in it, and their share of the chunk's number.
        side: dict[int, tuple[list[int], list[int]]] = {}
        step = math.prod(counts[dim + 1 :])
        for number in range(count):
            place, within = divmod(start // chunk + number, grid)
            of_object = side.setdefault(place, ([], []))
            of_object[0].append(within)
            of_object[1].append(number * step)
        sides.append(side.items())
    found = []
    for along in itertools.product(*sides):
        places = itertools.product(*(within for _, (within, _) in along))
        numbers = itertools.product(*(numbers for _, (_, numbers) in along))
        covered = tuple(place for place, _ in along)
        found.append(WholeChunks(covered, list(places), list(map(sum, numbers))))
    return found


def pieces_of(spec: ArraySpec, offset: tuple[int, ...], shape: tuple[int, ...]) -> Iterator[Piece]:
    """Cut the region of this shape at `offset` into pieces."""
    sides = zip(offset, shape, spec.shape, spec.chunks, spec.grid, strict=True)
    for along in itertools.product(*(_along(*side) for side in sides)):
        place, chunk, values, within, whole = zip(*along, strict=True)
        yield Piece(place, chunk, values, within, False not in whole)


def _along(
    start: int, length: int, side: int, chunk: int, grid: int
) -> list[tuple[int, int, slice, slice, bool]]:
    """Cut along one dim."""
    stop = start + length
    found = []
    for position in range(start // chunk, -(-stop // chunk)):
        begin = position * chunk
        first, last = max(start, begin), min(stop, begin + chunk)
        whole = first == begin and last >= min(begin + chunk, side)
        within = slice(first - begin, last - begin)
        found.append((*divmod(position, grid), slice(first - start, last - start), within, whole))
    return found
