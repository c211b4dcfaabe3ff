"""Weights that drift as under a decaying learning rate, in the memory of one float32 snapshot."""

import zlib
from collections.abc import Iterator

import numpy as np

from deeptracker.record.framework_arrays import float_bits_to_bfloat16

__all__ = ["CODES", "Drift"]

CODES = {"f4": "F32", "bf16": "BF16", "f2": "F16", "f8": "F64"}
CHUNK = 1 << 18  # weights that are moved or written together: they stay in the cache
NOISE = 1 << 22  # weights of normal noise that are drawn once and reused at random offsets
GRADIENT_SCALE = 0.01


class Drift:
    """Every parameter moves by noise and by its own trend, and decays a little.

    Parameters
    ----------
    shapes : dict of str to tuple of int
        Shapes by parameter. Weights start at He et al.'s scale (arXiv 1502.01852); vectors at 1.
    dtype : {"f4", "bf16", "f2", "f8"}
        Written dtype. In memory the weights are float32, since smaller dtypes lose small steps.
    seed : int
    """

    def __init__(self, shapes: dict[str, tuple[int, ...]], dtype: str, seed: int) -> None:
        self.shapes = shapes
        self.code = CODES[dtype]
        self._random = np.random.default_rng(seed)
        self._noise = self._random.standard_normal(NOISE + CHUNK, dtype=np.float32)
        self._work = np.empty(CHUNK, np.float32)
        self._trends = {name: self._offsets(name) for name in shapes}
        self._steps = self._trends
        self._dead: list[tuple[str, int]] = []
        self.weights = {name: self._start(name) for name in shapes}

    def step(self, size: float) -> None:
        """Move every weight by about `size` times its parameter's scale."""
        self._steps = {name: self._offsets(name) for name in self.shapes}
        for name, weights in self.weights.items():
            reach = np.float32(size * self._scale(name) * self._liveliness(name))
            decay = np.float32(1 - 1e-3 * size) if len(self.shapes[name]) > 1 else np.float32(1)
            places = zip(self._steps[name], self._trends[name], strict=True)
            for chunk, (step, trend) in zip(self._chunks(weights), places, strict=True):
                work = self._work[: len(chunk)]
                np.multiply(chunk, decay, out=chunk)
                for offset, share in ((step, reach), (trend, np.float32(0.3) * reach)):
                    np.multiply(self._slice(offset, len(chunk)), share, out=work)
                    np.subtract(chunk, work, out=chunk)
        for name, row in self._dead:
            self._filter(name, row)[:] = 0

    def reinitialise(self, name: str, row: int) -> None:
        """Draw new weights for one filter, three times as large."""
        values = self._filter(name, row)
        drawn = self._random.standard_normal(values.size, dtype=np.float32)
        values[:] = np.float32(3 * self._scale(name)) * drawn

    def kill(self, name: str, row: int) -> None:
        """Make one filter zero from now on."""
        self._dead.append((name, row))
        self._filter(name, row)[:] = 0

    def raw(self, name: str) -> Iterator[memoryview]:
        """Yield a parameter's bytes in the written dtype, a chunk at a time."""
        for chunk in self._chunks(self.weights[name]):
            yield self._encoded(chunk)

    def raw_gradient(self, name: str) -> Iterator[memoryview]:
        """Yield the bytes of the last step's gradients."""
        scale = np.float32(GRADIENT_SCALE * self._scale(name))
        for number, chunk in enumerate(self._chunks(self.weights[name])):
            work = self._work[: len(chunk)]
            np.multiply(self._slice(self._steps[name][number], len(chunk)), scale, out=work)
            yield self._encoded(work)

    def filters(self) -> list[str]:
        """Names of the parameters with filters, in the network's order."""
        return [name for name, shape in self.shapes.items() if len(shape) > 1]

    def _encoded(self, values: np.ndarray) -> memoryview:
        if self.code == "BF16":
            values = float_bits_to_bfloat16(values)
        elif self.code == "F16":
            values = values.astype("<f2")
        elif self.code == "F64":
            values = values.astype("<f8")
        return values.data.cast("B")

    def _start(self, name: str) -> np.ndarray:
        weights = np.empty(self._size(name), np.float32)
        for chunk in self._chunks(weights):
            noise = self._slice(int(self._random.integers(NOISE)), len(chunk))
            np.multiply(noise, np.float32(self._scale(name)), out=chunk)
        if len(self.shapes[name]) == 1:
            weights += 1
        return weights

    def _filter(self, name: str, row: int) -> np.ndarray:
        return self.weights[name].reshape(self.shapes[name][0], -1)[row]

    def _size(self, name: str) -> int:
        return int(np.prod(self.shapes[name]))

    def _scale(self, name: str) -> float:
        shape = self.shapes[name]
        return float(np.sqrt(2 / max(1, int(np.prod(shape[1:]))))) if len(shape) > 1 else 0.05

    def _liveliness(self, name: str) -> float:
        """Learning speed of a parameter relative to others: between a half and two."""
        return float(2 ** (zlib.crc32(name.encode()) / 2**31 - 1))

    def _offsets(self, name: str) -> np.ndarray:
        return self._random.integers(NOISE, size=-(-self._size(name) // CHUNK))

    def _slice(self, offset: int, length: int) -> np.ndarray:
        return self._noise[offset : offset + length]

    @staticmethod
    def _chunks(values: np.ndarray) -> Iterator[np.ndarray]:
        for start in range(0, len(values), CHUNK):
            yield values[start : start + CHUNK]
