"""Values of a pickle without running any of it: an interpreter that only builds plain data.

A pickle is a program that may call any function. This interpreter knows numbers, texts, lists,
tuples and dicts; what else a pickle names is passed to a function that says what it stands for, and
is never imported or called. Python's own `Unpickler` is not used: with its calls restricted it
still sets attributes of what it was given, and allocates what a few bytes ask for.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deeptracker.pipeline.sources.pickle_machine import Global, Machine, Opaque, PickleError
from deeptracker.pipeline.sources.pickle_operations import OPERATIONS

__all__ = [
    "LARGEST_PICKLE",
    "MOST_STEPS",
    "Global",
    "Opaque",
    "PickleError",
    "PickleValue",
    "read_pickle",
]

LARGEST_PICKLE = 64 * 2**20
# A network of 40,000 tensors with Adam's state takes so many; each takes up to about 100 bytes.
MOST_STEPS = 5_000_000
STOP, GLOBAL, STACK_GLOBAL, INST = b".c\x93i"


def read_pickle(
    data: bytes,
    made: Callable[[str, tuple[Any, ...]], Any],
    named: Callable[[str], None],
    stored: Callable[[Any], Any],
    watched: frozenset[str] = frozenset(),
) -> "PickleValue":
    """Read the value of a pickle.

    Parameters
    ----------
    data : bytes
    made : callable
        Gives what a call of a named function or class with some arguments stands for.
    named : callable
        Called with every name in the pickle, which it may refuse by an error.
    stored : callable
        Gives what a persistent id stands for.
    watched : frozenset of str
        Keys of the value whose integers' places are noted.

    Raises
    ------
    PickleError
        When it is cut off or malformed, or takes more than `MOST_STEPS`.
    """
    machine = Machine(data, made, stored, watched)
    seen: set[str] = set()
    try:
        for _ in range(MOST_STEPS):
            code = data[machine.place]
            machine.place += 1
            if code == STOP:
                return _value(machine)
            if code in (GLOBAL, STACK_GLOBAL, INST):
                _name(machine, code, named, seen)
                continue
            OPERATIONS[code](machine)
    except PickleError:
        raise
    except KeyError as error:
        raise PickleError("uses an unknown operation or value") from error
    except (IndexError, struct.error, UnicodeError, TypeError, ValueError) as error:
        raise PickleError("is cut off or malformed") from error
    raise PickleError(f"takes more than {MOST_STEPS:,} steps")


@dataclass(frozen=True)
class PickleValue:
    """The value of a pickle.

    Attributes
    ----------
    free : tuple of (int, int), or None
        Bytes of the pickle that may be others in a pickle of the same tensors: numbers that are no
        part of any. None where that is not known.
    placed : dict of str to (int, int)
        Where the integers of watched keys of the value stand, and their bytes.
    """

    root: Any
    free: tuple[tuple[int, int], ...] | None
    placed: dict[str, tuple[int, int]]


def _value(machine: Machine) -> PickleValue:
    root = machine.stack.pop()
    free = tuple(machine.free) if machine.is_traced else None
    placed = {key: place for (of, key), place in machine.placed.items() if of == id(root)}
    return PickleValue(root, free, placed)


def _name(machine: Machine, code: int, named: Callable[[str], None], seen: set[str]) -> None:
    """Put a named thing on the stack."""
    if code == STACK_GLOBAL:
        name, module = machine.stack.pop(), machine.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise PickleError("names something by other than text")
    else:
        module, name = machine.line(), machine.line()
    full = f"{module}.{name}"
    if full not in seen:
        named(full)
        seen.add(full)
    if code == INST:
        arguments = tuple(machine.marked())
        machine.stack.append(machine.made(full, arguments))
    else:
        machine.stack.append(Global(full))
