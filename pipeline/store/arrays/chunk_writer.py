"""Writing regions of arrays: encode chunks, put them into shards, store many together.

Zarr's own writing takes more than a millisecond per chunk, to open the array and to change threads.
To add a column to a shard, it decodes and encodes the whole shard. Here unchanged chunks are copied
in their encoded form. Zarr takes 4 times as long for the pyramids of
ResNet-50, and 3 times for one more snapshot (``python benchmarks/array_writing.py``).
"""

import asyncio
import math
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from zarr.abc.store import Store

from deeptracker.pipeline.store.arrays.array_spec import ArraySpec, Encoded, Position
from deeptracker.pipeline.store.arrays.bulk_objects import load_all, store_all
from deeptracker.pipeline.store.arrays.chunk_pieces import Piece, pieces_of, whole_chunks_of
from deeptracker.pipeline.store.arrays.shards import pack_shard, unpack_shard

__all__ = ["ChunkWriter"]

# Bytes of values in the stored objects that are loaded together to be completed.
LOAD_BYTES = 64 * 2**20
# If nothing is being stored, whole objects are stored from this size on: less remains at the end.
SOON_BYTES = 2 * 2**20


class ChunkWriter:
    """Writes regions, many chunks together, while the caller computes the next ones.

    An encoded shard is held until it is whole.

    Parameters
    ----------
    store : zarr.abc.store.Store
        The store that has the arrays.
    buffer_bytes : int
        Bytes of whole objects that are held while others are being stored.
    """

    def __init__(self, store: Store, buffer_bytes: int = 16 * 2**20) -> None:
        self._store = store
        self._limit = buffer_bytes
        self._held: dict[str, _Object] = {}
        self._ready_bytes = 0
        self._storing: deque[Future[None]] = deque()

    def write(self, spec: ArraySpec, offset: tuple[int, ...], values: np.ndarray) -> None:
        """Write `values` at `offset`.

        A chunk that the region covers up to the array's end is encoded at once. A chunk with older
        columns is read and completed later.
        """
        if values.size == 0:
            return
        whole = whole_chunks_of(spec, offset, values.shape)
        encoded = spec.encode_run(values) if whole is not None else None
        if whole is not None and encoded is not None:
            for some in whole:
                with self._filling(spec, some.place) as held:
                    held.take_encoded(some.chunks, [encoded[number] for number in some.numbers])
        else:
            pieces = pieces_of(spec, offset, values.shape)
            for place, of_object in groupby(pieces, lambda piece: piece.place):
                with self._filling(spec, place) as held:
                    for piece in of_object:
                        held.take(piece, values[piece.values])
        limit = min(self._limit, SOON_BYTES) if self._is_idle else self._limit
        if self._ready_bytes >= limit:
            self._hand_over([held for held in self._held.values() if held.is_whole])

    def begin_flush(self) -> None:
        """Begin to store all held objects: the first half of `flush`."""
        self._hand_over(list(self._held.values()))

    def flush(self) -> None:
        """Store all held objects, and wait until they are stored."""
        self.begin_flush()
        self._wait()

    @property
    def _is_idle(self) -> bool:
        """Whether nothing is being stored."""
        return all(storing.done() for storing in self._storing)

    @contextmanager
    def _filling(self, spec: ArraySpec, place: Position) -> Iterator["_Object"]:
        """Give an object to add chunks to, and count the bytes that become ready."""
        key = spec.key(place)
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = _Object(spec, key, place)
        before = held.ready_bytes
        yield held
        self._ready_bytes += held.ready_bytes - before

    def _hand_over(self, objects: "list[_Object]") -> None:
        """Begin to store some held objects, after those handed over before."""
        self._wait(1)
        for held in objects:
            del self._held[held.key]
        self._ready_bytes = 0
        if objects:
            self._storing.append(_writing_thread().submit(_store, self._store, objects))

    def _wait(self, remaining: int = 0) -> None:
        """Wait until at most `remaining` batches are being stored; after a failure, for all."""
        while len(self._storing) > remaining:
            storing = self._storing.popleft()
            if storing.exception() is not None:
                # No write may continue after the error is raised.
                wait(self._storing)
                self._storing.clear()
            storing.result()


_threads = threading.local()


def _writing_thread() -> ThreadPoolExecutor:
    """Give this thread's writing thread; starting one per task would take milliseconds."""
    if not hasattr(_threads, "companion"):
        _threads.companion = ThreadPoolExecutor(1, thread_name_prefix="deeptracker-write")
    found: ThreadPoolExecutor = _threads.companion
    return found


@dataclass(eq=False)
class _Object:
    """The content of one object until it is stored.

    Attributes
    ----------
    place : tuple of int
        Position in the array's objects.
    chunks : dict
        Encoded chunks by their place in the object; None for a chunk of missing values.
    cuts : dict
        Values of parts of chunks.
    """

    spec: ArraySpec
    key: str
    place: Position
    chunks: dict[Position, Encoded | None] = field(default_factory=dict)
    cuts: dict[Position, list[tuple[tuple[slice, ...], np.ndarray]]] = field(default_factory=dict)
    nbytes: int = 0
    _seen: set[Position] = field(default_factory=set)

    def __post_init__(self) -> None:
        sides = zip(self.place, self.spec.grid, self.spec.shape, self.spec.chunks, strict=True)
        # Chunks of the shard within the array, along each dim.
        self._within = tuple(min(g, -(-n // c) - p * g) for p, g, n, c in sides)
        self._first = self._within
        self._expected = 0

    @property
    def is_whole(self) -> bool:
        """Whether it has every chunk after the first one written.

        A task writes from its first column on, and rows in their order.
        """
        return len(self._seen) >= self._expected

    @property
    def ready_bytes(self) -> int:
        """Bytes that are ready to be stored."""
        return self.nbytes if self.is_whole else 0

    @property
    def has_older(self) -> bool:
        """Whether the store may already hold a part of it."""
        return bool(self.cuts) or len(self.chunks) < math.prod(self._within)

    def take(self, piece: Piece, values: np.ndarray) -> None:
        """Take the values of a chunk, or of a part of one."""
        place = piece.chunk
        self._see([place])
        if piece.whole:
            data = self._encoded(piece, values)
            self.cuts.pop(place, None)
            self.chunks[place] = data
            self.nbytes += len(data or b"")
        else:
            self.cuts.setdefault(place, []).append((piece.within, values.copy()))
            self.nbytes += values.nbytes

    def take_encoded(self, places: Sequence[Position], encoded: Sequence[Encoded]) -> None:
        """Take whole chunks; the first is the first along every dim."""
        self._see(places)
        for place in self.cuts.keys() & set(places):
            del self.cuts[place]
        self.chunks.update(zip(places, encoded, strict=True))
        self.nbytes += sum(map(len, encoded))

    def _see(self, places: Sequence[Position]) -> None:
        """Note that chunks were written; the first in the list lies before the others."""
        first = tuple(map(min, self._first, places[0]))
        if first != self._first:
            self._first = first
            self._expected = math.prod(w - f for w, f in zip(self._within, first, strict=True))
        self._seen.update(places)

    def packed(self, older: Encoded | None) -> bytes | None:
        """Give the bytes to store in place of the older object; None to store no object."""
        spec = self.spec
        stored = unpack_shard(spec, self.key, older) if older is not None else {}
        chunks: dict[Position, Encoded | None] = {**stored, **self.chunks}
        for place, cuts in self.cuts.items():
            data = chunks.get(place)
            chunk = np.array(spec.decode(data)) if data is not None else spec.empty_chunk()
            for within, values in cuts:
                chunk[within] = values
            chunks[place] = spec.encode(chunk)
        known = {place: data for place, data in chunks.items() if data is not None}
        return pack_shard(spec, known) if known or older is not None else None

    def _encoded(self, piece: Piece, chunk: np.ndarray) -> Encoded | None:
        """Encode a chunk, padded past the array's end."""
        spec = self.spec
        if spec.shards and spec.is_missing(chunk):
            return None
        if chunk.shape != spec.chunks:
            filled = spec.empty_chunk(chunk.dtype)
            filled[piece.within] = chunk
            chunk = filled
        return spec.encode(chunk)


def _store(store: Store, objects: Sequence[_Object]) -> None:
    for batch in _batches(objects):
        grown = [held for held in batch if held.has_older]
        found = asyncio.run(load_all(store, [held.key for held in grown])) if grown else []
        older = {held.key: data for held, data in zip(grown, found, strict=True)}
        packed = [(held.key, held.packed(older.get(held.key))) for held in batch]
        asyncio.run(store_all(store, [(key, data) for key, data in packed if data is not None]))


def _batches(objects: Sequence[_Object]) -> Iterator[list[_Object]]:
    """Group objects, so that a bounded number of bytes is loaded together."""
    batch: list[_Object] = []
    nbytes = 0
    for held in objects:
        older = held.spec.stored_bytes if held.has_older else 0
        if batch and nbytes + older > LOAD_BYTES:
            yield batch
            batch, nbytes = [], 0
        batch.append(held)
        nbytes += older
    if batch:
        yield batch
