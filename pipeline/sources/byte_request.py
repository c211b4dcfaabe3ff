"""A range of bytes of a file or an object that is to be read."""

from dataclasses import dataclass
from typing import Self

from deeptracker.pipeline.locations.object_store import Access
from deeptracker.pipeline.sources.manifest import ITEM_BYTES, ByteRange

__all__ = ["Request"]


@dataclass(frozen=True)
class Request:
    """Bytes [first, last) of a file or an object that will be read."""

    path: str
    first: int
    last: int
    access: Access | None

    @classmethod
    def of(cls, ref: ByteRange, start: int, stop: int) -> Self:
        """Request elements [start, stop) of a tensor.

        The range is empty where they are not in C order: they are read by ranges of their own.
        """
        if ref.strides is not None:
            return cls(ref.path, ref.offset, ref.offset, ref.access)
        first, last = (ref.offset + edge * ITEM_BYTES[ref.dtype] for edge in (start, stop))
        return cls(ref.path, first, last, ref.access)

    @property
    def key(self) -> tuple[str, int, int]:
        """Identify the request."""
        return self.path, self.first, self.last
