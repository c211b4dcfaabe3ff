"""What each operation of a pickle does to the interpreter."""

import struct
from collections.abc import Callable
from typing import Any

from deeptracker.pipeline.sources.pickle_machine import BYTES, MARK, Machine, Opaque, PickleError

__all__ = ["OPERATIONS"]

# Keys of dicts: larger integers could be chosen so that a dict becomes slow.
LARGEST_KEY = 2**31
LARGEST_INTEGER_BYTES = 1024


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
    first = len(machine.stack)
    _put_all(machine, [key, value], first, machine.integers_from(first))


def _set_items(machine: Machine) -> None:
    _put_all(machine, *machine.marked_from())


def _put_all(
    machine: Machine, items: list[Any], first: int, integers: list[tuple[int, int, int]]
) -> None:
    """Put items into the dict on the stack, and note the integers among the values."""
    target = machine.stack[-1]
    for place in range(0, len(items) - 1, 2):
        _put(target, items[place], items[place + 1])
        if type(items[place]) is str and items[place] in machine.watched:
            machine.placed.pop((id(target), items[place]), None)
    for place, number, length in integers:
        offset = place - first
        if offset % 2:
            machine.free.append((number, length))
            key = items[offset - 1]
            if type(key) is str and key in machine.watched:
                machine.placed[id(target), key] = number, length


def _dict(machine: Machine) -> None:
    items = machine.marked()
    found: dict[Any, Any] = {}
    for place in range(0, len(items) - 1, 2):
        _put(found, items[place], items[place + 1])
    machine.stack.append(found)


def _append(machine: Machine) -> None:
    value = machine.stack.pop()
    machine.free += [note[1:] for note in machine.integers_from(len(machine.stack))]
    if type(machine.stack[-1]) is list:
        machine.stack[-1].append(value)


def _appends(machine: Machine) -> None:
    values, _, integers = machine.marked_from()
    machine.free += [note[1:] for note in integers]
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
        machine.integers_from(len(stack))
        stack.append(values)

    return build


def _constant(value: Any) -> Callable[[Machine], None]:
    return lambda machine: machine.stack.append(value)


def _fixed(form: str) -> Callable[[Machine], None]:
    number = struct.Struct(form)
    return lambda machine: machine.push_integer(number)


FLOAT = struct.Struct(">d")


def _float(machine: Machine) -> None:
    machine.free.append((machine.place, FLOAT.size))
    machine.stack.append(machine.number(FLOAT))


def _again(machine: Machine) -> None:
    machine.is_traced = False
    machine.stack.append(machine.stack[-1])


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
    return lambda machine: _remember(machine, machine.number(number))


def _next_memo(machine: Machine) -> None:
    _remember(machine, len(machine.memo))


def _old_memo(machine: Machine) -> None:
    _remember(machine, int(machine.line()))


def _remember(machine: Machine, place: int) -> None:
    value = machine.stack[-1]
    # An integer that is used again could be of a tensor.
    if type(value) is int:
        machine.is_traced = False
    machine.memo[place] = value


def _ignored(size: int) -> Callable[[Machine], None]:
    return lambda machine: machine.skip(size)


OPERATIONS: dict[int, Callable[[Machine], None]] = {
    key[0]: operation
    for key, operation in {
        b"(": _constant(MARK),
        b"0": _pop,
        b"1": _pop_marked,
        b"2": _again,
        b"F": lambda machine: machine.stack.append(float(machine.line())),
        b"G": _float,
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
