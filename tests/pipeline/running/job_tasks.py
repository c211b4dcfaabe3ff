"""Tasks that the tests of jobs submit: they work, hang, fail or end their worker."""

import os
import time
from pathlib import Path

from numba import njit

LONG_SECONDS = 300


class Moment:
    """Becomes the moment at which it is unpickled."""

    def __reduce__(self):
        return time.monotonic_ns, ()


def process_and_value(value):
    return os.getpid(), value


def square(number):
    return number * number


def hang_the_first_time(marker, released, number):
    """The first to come here hangs until it is released, as a dead file server makes it."""
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return square(number)
    deadline = time.monotonic() + LONG_SECONDS
    while not Path(released).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return "the straggler's own result"


def hang_until_released(released):
    deadline = time.monotonic() + LONG_SECONDS
    while not Path(released).exists() and time.monotonic() < deadline:
        time.sleep(0.05)


def end_the_worker():
    os._exit(1)


def fail():
    raise ValueError("of its own")


def fail_to_read():
    raise OSError("the file server is gone")


def wait_for(path, seconds=60):
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.05)


def arrived(folder):
    """Which caller this is, counted from 0."""
    for number in range(100):
        try:
            os.close(os.open(folder / str(number), os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            continue
        return number
    raise AssertionError("too many came")


def fail_once_it_is_tried_elsewhere(folder, end, log):
    """The first try lags, then ends by `end`, its repetition too; the second outlives them."""
    turn = arrived(folder)
    if turn != 1:
        wait_for(folder / "1")
        end()
    deadline = time.monotonic() + 60
    while "failed" not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    return square(12)


def fail_everywhere(folder):
    """No try ends before another has begun."""
    if arrived(folder) == 0:
        wait_for(folder / "1")
    fail_to_read()


def fail_when_released(folder, released):
    """The first try, and its repetition, hang until they are released, and fail then."""
    if arrived(folder) == 1:
        return square(12)
    wait_for(released, LONG_SECONDS)
    return fail_to_read()


def add(numbers):
    return sum(numbers)


def compile_something():
    @njit
    def twice(value):
        return 2 * value

    return twice(21)
