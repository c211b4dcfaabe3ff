"""A source's model: byte ranges, parameters, problems, and the protocol of every format."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, Self

import numpy as np

from deeptracker.pipeline.locations.folder import File
from deeptracker.pipeline.locations.object_store import Access
from deeptracker.record.log_format import RunDescription, Scalars
from deeptracker.wording import counted

__all__ = [
    "DTYPES",
    "ITEM_BYTES",
    "ByteRange",
    "Images",
    "Offsets",
    "OutcomeFile",
    "Parameter",
    "Problem",
    "Reading",
    "Source",
]

ITEM_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1}
ITEM_BYTES |= {"U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1}
DTYPES = tuple(ITEM_BYTES)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes of one tensor in a file.

    Attributes
    ----------
    path : str
        The file, or the object's URL.
    offset : int
        The first byte, counted from the file's beginning.
    dtype : str
        A safetensors code, such as ``"F32"`` or ``"BF16"``.
    shape : tuple of int
        The tensor's shape.
    access : Access or None
        The object's server; None for a file on disk.
    strides : tuple of int or None
        Elements from one to the next along each axis; None where they lie in C order.
    """

    path: str
    offset: int
    dtype: str
    shape: tuple[int, ...]
    access: Access | None = None
    strides: tuple[int, ...] | None = None

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Length of the elements in bytes."""
        return self.size * ITEM_BYTES[self.dtype]


@dataclass(frozen=True)
class Parameter:
    """One named tensor of the network, of one shape.

    A tensor whose shape changes during a training is several parameters, one a shape. Its dtype may
    change.

    Attributes
    ----------
    dtype : str
        In the first snapshot that has it.
    gradient_dtype : str
        The gradients' dtype where they were recorded, else ``""``.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    has_gradient: bool = False
    gradient_dtype: str = ""

    @cached_property
    def size(self) -> int:
        """Number of weights."""
        return math.prod(self.shape)

    @property
    def shape_text(self) -> str:
        """The shape as in ``64x3x7x7``; ``""`` for a scalar."""
        return "x".join(map(str, self.shape))

    @property
    def filters(self) -> int:
        """Number of slices along axis 0; one for a scalar."""
        return self.shape[0] if self.shape else 1

    @property
    def filter_size(self) -> int:
        """Weights in one filter."""
        return self.size // self.filters

    @property
    def has_filters(self) -> bool:
        """Whether the parameter has filters to measure: vectors and scalars have none."""
        return len(self.shape) >= 2

    def joined(self, later: "Parameter") -> "Parameter":
        """Give the parameter with what a later snapshot adds: its gradient."""
        if self.has_gradient or not later.has_gradient:
            return self
        return replace(self, has_gradient=True, gradient_dtype=later.gradient_dtype)


@dataclass(frozen=True)
class Problem:
    """A file that was left out, with the reason and the remedy."""

    path: str
    message: str

    @classmethod
    def of(cls, path: str, error: Exception) -> Self:
        """Turn an error that begins with the file's name into a problem."""
        return cls(path, str(error).removeprefix(path).lstrip(": "))

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


@dataclass(frozen=True)
class Reading:
    """How a source reads its files, in words.

    Attributes
    ----------
    form : str
        The format, and how many checkpoints of which files.
    numbering : str
        How the iterations are read.
    left_out : tuple of str
        What is left out and why; one kind each, with its count.
    notes : tuple of str
        What else a person should know: what is missing for a view, what is read slowly.
    """

    form: str
    numbering: str
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def lines(self, iterations: Sequence[int]) -> list[str]:
        """Say it in a few lines, with the iterations that were found."""
        found = counted(len(iterations), "iteration")
        span = f"{iterations[0]:,} to {iterations[-1]:,}" if iterations else "none"
        return [
            f"  format   {self.form}",
            f"  found    {found}, {span}: {self.numbering}",
            *(f"  left out {line}" for line in self.left_out),
            *(f"  note     {line}" for line in self.notes),
        ]


@dataclass(frozen=True)
class OutcomeFile:
    """The network's outcome for every validation image at one iteration."""

    predicted: ByteRange
    loss: ByteRange | None = None
    confidence: ByteRange | None = None


@dataclass(frozen=True)
class Images:
    """The validation images.

    Attributes
    ----------
    labels : numpy.ndarray
        int32 [image].
    names : tuple of str
        One per image.
    thumbnails : ByteRange or None
        uint8 [image, y, x, channel].
    """

    labels: np.ndarray
    names: tuple[str, ...]
    thumbnails: ByteRange | None


@dataclass(frozen=True, eq=False)
class Offsets:
    """Where all parameters of a run, or their gradients, lie in one snapshot.

    Attributes
    ----------
    paths : tuple of str
        The files, or the objects' URLs.
    file : numpy.ndarray
        int32 [parameter]: which of them has it.
    begins : numpy.ndarray
        int64 [parameter]: the first byte of each, -1 where the snapshot is without it.
    dtypes : numpy.ndarray
        uint8 [parameter]: which of `DTYPES` each has there.
    strides : mapping of int to tuple of int
        By parameter: of those that do not lie in C order.
    access : Access or None
        How the objects' server is reached.
    """

    paths: tuple[str, ...]
    file: np.ndarray
    begins: np.ndarray
    dtypes: np.ndarray
    strides: Mapping[int, tuple[int, ...]]
    access: Access | None


class Source(Protocol):
    """An index of a training's tensors, built from file headers alone.

    Attributes
    ----------
    parameters : tuple of Parameter
        Of all snapshots, in the order of first appearance.
    reading : Reading
        What is read and how, for a person.
    """

    location: str
    network: str
    iterations: tuple[int, ...]
    parameters: tuple[Parameter, ...]
    problems: tuple[Problem, ...]
    reading: Reading

    def locate(
        self,
        parameter: str,
        iteration: int,
        gradient: bool = False,
        shape: tuple[int, ...] | None = None,
    ) -> ByteRange | None:
        """Locate a parameter (or its gradient) at an iteration.

        None if there is none, or if `shape` is given and the parameter has another shape.
        """
        ...

    def parameters_at(self, iteration: int) -> tuple[Parameter, ...]:
        """Give the parameters of a snapshot; of equal networks one object. Empty without one."""
        ...

    def offsets(self, iteration: int, gradient: bool = False) -> Offsets | None:
        """Where all parameters (or their gradients) lie at an iteration; None without a snapshot.

        In the order of `parameters`; as `locate` tells of each, in one array.
        """
        ...

    def has_snapshot(self, iteration: int) -> bool:
        """Whether the parameters were recorded at this iteration."""
        ...

    def fingerprint(self, iteration: int, outcomes: bool = False) -> int:
        """Give a number that changes when a file of it does; 0 if there is none."""
        ...

    def files(self, iteration: int, outcomes: bool = False) -> tuple[File, ...]:
        """Give the files of an iteration as they were indexed; none if there are none."""
        ...

    def description(self) -> RunDescription | None:
        """Describe the run; None where the log has no description."""
        ...

    def outcomes(self, iteration: int) -> OutcomeFile | None:
        """Give the outcomes of an iteration; None if there are none."""
        ...

    def images(self) -> Images | None:
        """List the validation images; None where they are unknown."""
        ...

    def scalars(self) -> Scalars | None:
        """Read the recorded scalars; None if there are none."""
        ...
