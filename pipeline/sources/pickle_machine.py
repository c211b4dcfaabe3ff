"""The state of a pickle's interpreter, and what each of its operations does to it."""

import struct
from collections.abc import Callable
from typing import Any

__all__ = ["OPERATIONS", "Global", "Machine", "Opaque", "PickleError"]

# Keys of dicts: larger integers could be chosen so that a dict becomes slow.
LARGEST_KEY = 2**31
LARGEST_INTEGER_BYTES = 1024


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
    """The stack, the memo and the place in the pickle."""

    __slots__ = ("data", "made", "memo", "place", "stack", "stored")

    def __init__(
        self,
        data: bytes,
        made: Callable[[str, tuple[Any, ...]], Any],
        stored: Callable[[Any], Any],
    ) -> None:
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

    def marked(self) -> list[Any]:
        """Take what is on the stack behind the last mark."""
        stack = self.stack
        for place in range(len(stack) - 1, -1, -1):
            if stack[place] is MARK:
                found = stack[place + 1 :]
                del stack[place:]
                return found
        raise PickleError("has no mark where one is needed")

    def call(self, function: Any, arguments: Any) -> Any:
        """Give what a call stands for."""
        if isinstance(function, Global):
            return self.made(function.name, arguments if type(arguments) is tuple else ())
        return Opaque("result of a call")


def _put(target: Any, key: Any, value: Any) -> None:
    """Put an item into a dict; keys other than text and small integers are passed over."""
    if type(target) is Opaque:
        target = target.state
    if type(target) is not dict or target is BYTES.state:
        return
    if type(key) is str or (type(key) is int and -LARGEST_KEY < key < LARGEST_KEY):
        target[key] = value


def _set_item(machine: Machine) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    _put(machine.stack[-1], key, value)


def _set_items(machine: Machine) -> None:
    items = machine.marked()
    target = machine.stack[-1]
    for place in range(0, len(items) - 1, 2):
        _put(target, items[place], items[place + 1])


def _dict(machine: Machine) -> None:
    items = machine.marked()
    found: dict[Any, Any] = {}
    for place in range(0, len(items) - 1, 2):
        _put(found, items[place], items[place + 1])
    machine.stack.append(found)


def _append(machine: Machine) -> None:
    value = machine.stack.pop()
    if type(machine.stack[-1]) is list:
        machine.stack[-1].append(value)


def _appends(machine: Machine) -> None:
    values = machine.marked()
    if type(machine.stack[-1]) is list:
        machine.stack[-1].extend(values)


def _reduce(machine: Machine) -> None:
    arguments, function = machine.stack.pop(), machine.stack.pop()
    machine.stack.append(machine.call(function, arguments))


def _new_object(machine: Machine) -> None:
    arguments, kind = machine.stack.pop(), machine.stack.pop()
    machine.stack.append(machine.call(kind, arguments))


def _new_object_ex(machine: Machine) -> None:
    machine.stack.pop()
    _new_object(machine)


def _object(machine: Machine) -> None:
    kind, *arguments = machine.marked()
    machine.stack.append(machine.call(kind, tuple(arguments)))


def _build(machine: Machine) -> None:
    """Note an object's state; nothing is set on anything."""
    state = machine.stack.pop()
    target = machine.stack[-1]
    if type(state) is tuple and len(state) == 2:
        state = state[0]
    # The state is not copied: one may be given to many objects.
    if type(target) is Opaque and type(state) is dict and not target.state and target is not BYTES:
        target.state = state


def _pop(machine: Machine) -> None:
    machine.stack.pop()


def _pop_marked(machine: Machine) -> None:
    machine.marked()


def _frozen_set(machine: Machine) -> None:
    machine.marked()
    machine.stack.append(Opaque("set"))


def _persistent(machine: Machine) -> None:
    machine.stack.append(machine.stored(machine.stack.pop()))


def _tuple(count: int) -> Callable[[Machine], None]:
    def build(machine: Machine) -> None:
        stack = machine.stack
        if len(stack) < count:
            raise PickleError("is malformed")
        values = tuple(stack[-count:])
        del stack[-count:]
        stack.append(values)

    return build


def _constant(value: Any) -> Callable[[Machine], None]:
    return lambda machine: machine.stack.append(value)


def _fixed(form: str) -> Callable[[Machine], None]:
    number = struct.Struct(form)
    return lambda machine: machine.stack.append(machine.number(number))


def _text(form: str) -> Callable[[Machine], None]:
    number = struct.Struct(form)
    return lambda machine: machine.stack.append(
        machine.take(machine.number(number)).decode("utf-8", "surrogatepass")
    )


def _bytes(form: str) -> Callable[[Machine], None]:
    number = struct.Struct(form)

    def build(machine: Machine) -> None:
        machine.skip(machine.number(number))
        machine.stack.append(BYTES)

    return build


def _old_text(form: str) -> Callable[[Machine], None]:
    """Python 2's strings: text where they are ASCII."""
    number = struct.Struct(form)

    def build(machine: Machine) -> None:
        content = machine.take(machine.number(number))
        machine.stack.append(content.decode() if content.isascii() else BYTES)

    return build


def _integer(form: str) -> Callable[[Machine], None]:
    number = struct.Struct(form)

    def build(machine: Machine) -> None:
        length = machine.number(number)
        if length > LARGEST_INTEGER_BYTES:
            machine.skip(length)
            machine.stack.append(Opaque("a long integer"))
        else:
            value = int.from_bytes(machine.take(length), "little", signed=True)
            machine.stack.append(value)

    return build


def _decimal(machine: Machine) -> None:
    """Integers as text: a boolean, or a number."""
    text = machine.line().removesuffix("L")
    machine.stack.append({"00": False, "01": True}.get(text))
    if machine.stack[-1] is None:
        machine.stack[-1] = int(text)


def _get(form: str) -> Callable[[Machine], None]:
    number = struct.Struct(form)
    return lambda machine: machine.stack.append(machine.memo[machine.number(number)])


def _memoized(form: str) -> Callable[[Machine], None]:
    number = struct.Struct(form)

    def put(machine: Machine) -> None:
        machine.memo[machine.number(number)] = machine.stack[-1]

    return put


def _next_memo(machine: Machine) -> None:
    machine.memo[len(machine.memo)] = machine.stack[-1]


def _old_memo(machine: Machine) -> None:
    place = machine.line()
    machine.memo[int(place)] = machine.stack[-1]


def _ignored(size: int) -> Callable[[Machine], None]:
    return lambda machine: machine.skip(size)


OPERATIONS: dict[int, Callable[[Machine], None]] = {
    key[0]: operation
    for key, operation in {
        b"(": _constant(MARK),
        b"0": _pop,
        b"1": _pop_marked,
        b"2": lambda machine: machine.stack.append(machine.stack[-1]),
        b"F": lambda machine: machine.stack.append(float(machine.line())),
        b"G": _fixed(">d"),
        b"I": _decimal,
        b"L": _decimal,
        b"J": _fixed("<i"),
        b"K": _fixed("<B"),
        b"M": _fixed("<H"),
        b"\x8a": _integer("<B"),
        b"\x8b": _integer("<i"),
        b"N": _constant(None),
        b"\x88": _constant(value=True),
        b"\x89": _constant(value=False),
        b"S": lambda machine: machine.stack.append(machine.line().strip("'\"")),
        b"V": lambda machine: machine.stack.append(machine.line()),
        b"T": _old_text("<i"),
        b"U": _old_text("<B"),
        b"X": _text("<I"),
        b"\x8c": _text("<B"),
        b"\x8d": _text("<Q"),
        b"B": _bytes("<I"),
        b"C": _bytes("<B"),
        b"\x8e": _bytes("<Q"),
        b"\x96": _bytes("<Q"),
        b"\x97": lambda machine: machine.stack.append(BYTES),
        b"\x98": _ignored(0),
        b")": _constant(()),
        b"]": lambda machine: machine.stack.append([]),
        b"}": lambda machine: machine.stack.append({}),
        b"\x8f": lambda machine: machine.stack.append(Opaque("set")),
        b"t": lambda machine: machine.stack.append(tuple(machine.marked())),
        b"l": lambda machine: machine.stack.append(machine.marked()),
        b"d": _dict,
        b"\x85": _tuple(1),
        b"\x86": _tuple(2),
        b"\x87": _tuple(3),
        b"a": _append,
        b"e": _appends,
        b"\x90": _pop_marked,
        b"\x91": _frozen_set,
        b"s": _set_item,
        b"u": _set_items,
        b"R": _reduce,
        b"o": _object,
        b"\x81": _new_object,
        b"\x92": _new_object_ex,
        b"b": _build,
        b"Q": _persistent,
        b"P": lambda machine: machine.stack.append(machine.stored(machine.line())),
        b"g": lambda machine: machine.stack.append(machine.memo[int(machine.line())]),
        b"h": _get("<B"),
        b"j": _get("<I"),
        b"p": _old_memo,
        b"q": _memoized("<B"),
        b"r": _memoized("<I"),
        b"\x94": _next_memo,
        b"\x80": _ignored(1),
        b"\x95": _ignored(8),
    }.items()
}
