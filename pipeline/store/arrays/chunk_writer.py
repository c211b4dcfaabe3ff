"""Writing regions of arrays: encoded in place, put into shards, handed to the store together.

Zarr's own writing costs more than a millisecond a chunk, in opening the array and in changing
threads; and where a shard gains a column, it decodes and encodes the whole of it. Here the chunks
that stay are taken over as they are stored. Zarr takes 4 times as long for the pyramids of
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
from deeptracker.pipeline.store.arrays.shards import pack, unpack

__all__ = ["ChunkWriter"]

# Stored objects that are loaded together to be completed, by the bytes of their values.
LOAD_BYTES = 64 * 2**20
# What is whole goes as soon as nothing else is on its way, so that little waits for the task's end.
SOON_BYTES = 2 * 2**20


class ChunkWriter:
    """Writes regions, many chunks together, while the next ones are being made.

    A shard is held, encoded, until it is whole.

    Parameters
    ----------
    store : zarr.abc.store.Store
        Where the arrays were created.
    buffer_bytes : int
        Whole objects are held until there are as many bytes, while others are being stored.
    """

    def __init__(self, store: Store, buffer_bytes: int = 16 * 2**20) -> None:
        self._store = store
        self._limit = buffer_bytes
        self._held: dict[str, _Object] = {}
        self._ready_bytes = 0
        self._storing: deque[Future[None]] = deque()

    def write(self, spec: ArraySpec, offset: tuple[int, ...], values: np.ndarray) -> None:
        """Write `values` at `offset`.

        A chunk that lies whole in the region, or whose other columns lie past the array's end, is
        encoded at once; one that holds older columns will be read and completed.
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
        """Begin to store what is held, as the first half of `flush`."""
        self._hand_over(list(self._held.values()))

    def flush(self) -> None:
        """Store what is held, and wait until it is."""
        self.begin_flush()
        self._wait()

    @property
    def _is_idle(self) -> bool:
        """Whether nothing is being stored."""
        return all(storing.done() for storing in self._storing)

    @contextmanager
    def _filling(self, spec: ArraySpec, place: Position) -> Iterator["_Object"]:
        """Give what is held of an object, to take more, and count what became ready."""
        key = spec.key(place)
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = _Object(spec, key, place)
        before = held.ready_bytes
        yield held
        self._ready_bytes += held.ready_bytes - before

    def _hand_over(self, objects: "list[_Object]") -> None:
        """Begin to store some of what is held, after what was handed over before."""
        self._wait(1)
        for held in objects:
            del self._held[held.key]
        self._ready_bytes = 0
        if objects:
            self._storing.append(_writing_thread().submit(_store, self._store, objects))

    def _wait(self, remaining: int = 0) -> None:
        """Wait until no more than so many lots are still on their way; where one fails, for all."""
        while len(self._storing) > remaining:
            storing = self._storing.popleft()
            if storing.exception() is not None:
                # Nothing is to be written any more once the error is known.
                wait(self._storing)
                self._storing.clear()
            storing.result()


_threads = threading.local()


def _writing_thread() -> ThreadPoolExecutor:
    """Give this thread's companion: to start one for every task takes some milliseconds each."""
    if not hasattr(_threads, "companion"):
        _threads.companion = ThreadPoolExecutor(1, thread_name_prefix="deeptracker-write")
    found: ThreadPoolExecutor = _threads.companion
    return found


@dataclass(eq=False)
class _Object:
    """What is known of one object that is to be stored.

    Attributes
    ----------
    place : tuple of int
        Among the array's objects.
    chunks : dict
        Encoded chunks by their place in the object; None for those without a value.
    cuts : dict
        Values of chunks that hold others too.
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
        # Of a shard that sticks out of the array, the chunks within it.
        self._within = tuple(min(g, -(-n // c) - p * g) for p, g, n, c in sides)
        self._first = self._within
        self._expected = 0

    @property
    def is_whole(self) -> bool:
        """Whether every chunk that comes after the first one written is there.

        A task writes from its first column on, and rows in their order.
        """
        return len(self._seen) >= self._expected

    @property
    def ready_bytes(self) -> int:
        """Bytes that are held and may go."""
        return self.nbytes if self.is_whole else 0

    @property
    def has_older(self) -> bool:
        """Whether the store may hold a part of it."""
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
        """Note that chunks were written, the first of which lies before the others."""
        first = tuple(map(min, self._first, places[0]))
        if first != self._first:
            self._first = first
            self._expected = math.prod(w - f for w, f in zip(self._within, first, strict=True))
        self._seen.update(places)

    def packed(self, older: Encoded | None) -> bytes | None:
        """Give what is to be stored in place of what is there; None for nothing at all."""
        spec = self.spec
        stored = unpack(spec, self.key, older) if older is not None else {}
        chunks: dict[Position, Encoded | None] = {**stored, **self.chunks}
        for place, cuts in self.cuts.items():
            data = chunks.get(place)
            chunk = np.array(spec.decode(data)) if data is not None else spec.empty_chunk()
            for within, values in cuts:
                chunk[within] = values
            chunks[place] = spec.encode(chunk)
        known = {place: data for place, data in chunks.items() if data is not None}
        return pack(spec, known) if known or older is not None else None

    def _encoded(self, piece: Piece, chunk: np.ndarray) -> Encoded | None:
        """Encode a chunk, filled up where it sticks out of the array."""
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
    """Group objects, so that a bounded number of stored bytes is loaded together."""
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
