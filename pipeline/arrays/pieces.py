"""Cutting a region of an array along the chunks, and the objects of the store, that it touches."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.arrays.specification import ArraySpec, Position

__all__ = ["Piece", "pieces_of"]


class Piece(NamedTuple):
    """What of a region falls into one chunk.

    Attributes
    ----------
    place : tuple of int
        The object, among the array's.
    chunk : tuple of int
        The chunk, among the object's.
    values, within : tuple of slice
        Where it lies in the region, and in the chunk.
    whole : bool
        Whether it is the whole chunk, but for what lies past the array's end.
    """

    place: Position
    chunk: Position
    values: tuple[slice, ...]
    within: tuple[slice, ...]
    whole: bool


def pieces_of(spec: ArraySpec, offset: tuple[int, ...], shape: tuple[int, ...]) -> Iterator[Piece]:
    """Cut the region of some shape that begins at `offset`."""
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
