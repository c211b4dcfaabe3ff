"""The state of a pickle's interpreter: stack, memo, and the places of numbers in the pickle."""

import struct
from collections.abc import Callable
from typing import Any

__all__ = ["BYTES", "MARK", "Global", "Machine", "Opaque", "PickleError"]


class PickleError(ValueError):
    """A pickle that is cut off, malformed or too large."""


class Global:
    """Something that a pickle names by its module: a class or a function; never imported."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Opaque:
    """An object that is not understood.

    Attributes
    ----------
    kind : str
        The full name of its class.
    state : dict
        Its attributes or items, where the pickle states them.
    """

    __slots__ = ("kind", "state")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.state: dict[Any, Any] = {}


MARK = object()
# In place of bytes, and of what cannot be a key of a dict here.
BYTES = Opaque("bytes")


class Machine:
    """The stack, the memo and the place in the pickle.

    Attributes
    ----------
    free : list of (int, int)
        Bytes of numbers that are no part of a tuple or a key, and so of no tensor: place, length.
    is_traced : bool
        Whether `free` is known: each integer is used once.
    placed : dict of (int, str) to (int, int)
        Where the integer of an item stands, for the keys in `watched`; by the dict's address.
    """

    __slots__ = (
        "data",
        "free",
        "integers",
        "is_traced",
        "made",
        "memo",
        "place",
        "placed",
        "stack",
        "stored",
        "watched",
    )

    def __init__(
        self,
        data: bytes,
        made: Callable[[str, tuple[Any, ...]], Any],
        stored: Callable[[Any], Any],
        watched: frozenset[str] = frozenset(),
    ) -> None:
        self.watched = watched
        self.free: list[tuple[int, int]] = []
        self.is_traced = True
        self.placed: dict[tuple[int, str], tuple[int, int]] = {}
        # Of integers on the stack: their places on it and in the pickle, and their bytes.
        self.integers: list[tuple[int, int, int]] = []
        self.data = data
        self.made = made
        self.stored = stored
        self.place = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def take(self, count: int) -> bytes:
        """Give the next bytes of the pickle."""
        place = self.place
        if count < 0 or place + count > len(self.data):
            raise PickleError("is cut off")
        self.place = place + count
        return self.data[place : place + count]

    def skip(self, count: int) -> None:
        """Pass over the next bytes without copying them."""
        if count < 0 or self.place + count > len(self.data):
            raise PickleError("is cut off")
        self.place += count

    def line(self) -> str:
        """Give the text up to the end of the line."""
        end = self.data.find(b"\n", self.place)
        if end < 0:
            raise PickleError("is cut off")
        text = self.data[self.place : end].decode()
        self.place = end + 1
        return text

    def number(self, form: struct.Struct) -> Any:
        """Give the next number of a form."""
        place = self.place
        self.place = place + form.size
        return form.unpack_from(self.data, place)[0]

    def push_integer(self, form: struct.Struct) -> None:
        """Put an integer on the stack, and note where it stands."""
        place, number = len(self.stack), self.place
        self.integers_from(place)
        self.stack.append(self.number(form))
        self.integers.append((place, number, form.size))

    def integers_from(self, place: int) -> list[tuple[int, int, int]]:
        """Take the notes of integers from a place of the stack on."""
        noted = self.integers
        first = len(noted)
        while first and noted[first - 1][0] >= place:
            first -= 1
        found = noted[first:]
        del noted[first:]
        return found

    def marked(self) -> list[Any]:
        """Take what is on the stack behind the last mark."""
        return self.marked_from()[0]

    def marked_from(self) -> tuple[list[Any], int, list[tuple[int, int, int]]]:
        """Take what is behind the last mark; give its first place and the notes of integers too."""
        stack = self.stack
        for place in range(len(stack) - 1, -1, -1):
            if stack[place] is MARK:
                found = stack[place + 1 :]
                del stack[place:]
                return found, place + 1, self.integers_from(place)
        raise PickleError("has no mark where one is needed")

    def call(self, function: Any, arguments: Any) -> Any:
        """Give what a call stands for."""
        if isinstance(function, Global):
            return self.made(function.name, arguments if type(arguments) is tuple else ())
        return Opaque("result of a call")
