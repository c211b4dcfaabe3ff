"""One writer at a time, by a lock that outlives no one."""

import errno
import json
import os
import platform
import subprocess
import sys
import threading

import pytest

from deeptracker.errors import StoreError
from deeptracker.pipeline.store.disk_lock import WriterLock

HOLD = """
import os, sys
from pathlib import Path
from deeptracker.pipeline.store.disk_lock import WriterLock
lock = WriterLock(Path(sys.argv[1]), "the store")
lock.acquire()
if "fork" not in sys.argv or os.fork() == 0:
    print("held", flush=True)
sys.stdin.readline()
"""
# The kernel refuses the system call, as it does on file systems that have no locks: a filter of
# one condition (seccomp(2), bpf(4)), which the process puts on itself.
WITHOUT_LOCKS = """
import ctypes, struct, sys
from pathlib import Path
from deeptracker.pipeline.store.disk_lock import WriterLock
call, error = map(int, sys.argv[2:])
steps = [(0x20, 0, 0, 0), (0x15, 0, 1, call), (6, 0, 0, 0x50000 | error), (6, 0, 0, 0x7FFF0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code)))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
WriterLock(Path(sys.argv[1]), "the store").acquire()
"""
FLOCK = {"x86_64": 73, "aarch64": 32}


def holder(path, *arguments):
    """Start a process that holds the lock until it is told to end, or is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"held\n"
    return process


def test_a_second_writer_is_refused_with_the_pid_of_the_first(tmp_path):
    process = holder(tmp_path / "lock")
    try:
        with pytest.raises(StoreError, match=f"written by process {process.pid} "):
            WriterLock(tmp_path / "lock", "the store").acquire()
    finally:
        process.kill()
        process.wait()


def test_the_lock_of_a_killed_writer_is_taken_over(tmp_path):
    process = holder(tmp_path / "lock")
    process.kill()
    process.wait()
    with WriterLock(tmp_path / "lock", "the store"):
        assert json.loads((tmp_path / "lock").read_text())["pid"] == os.getpid()
    assert not (tmp_path / "lock").exists()


def test_a_killed_writer_that_nobody_has_waited_for_holds_nothing(tmp_path):
    process = holder(tmp_path / "lock")
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie now
    with WriterLock(tmp_path / "lock", "the store"):
        pass
    process.wait()


def test_a_forked_child_does_not_hold_the_lock_of_its_parent(tmp_path):
    process = holder(tmp_path / "lock", "fork")
    process.kill()
    process.wait()
    with WriterLock(tmp_path / "lock", "the store"):
        pass
    process.communicate()  # ends the child


def test_a_second_writer_is_told_since_when_the_first_writes(tmp_path):
    with (
        WriterLock(tmp_path / "lock", "the store"),
        pytest.raises(StoreError, match=r" since 20\d\d-\d\d-\d\d \d\d:\d\d UTC; wait until"),
    ):
        WriterLock(tmp_path / "lock", "the store").acquire()


@pytest.mark.skipif(platform.machine() not in FLOCK, reason="the system call's number")
@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def test_a_file_system_without_locks_is_said_to_have_none(tmp_path, number):
    call = str(FLOCK[platform.machine()])
    refused = subprocess.run(
        [sys.executable, "-c", WITHOUT_LOCKS, str(tmp_path / "lock"), call, str(number)],
        capture_output=True,
        text=True,
        check=False,
    )
    last = refused.stderr.splitlines()[-1]
    assert f"StoreError: the store: this file system has no locks ({os.strerror(number)})" in last
    assert last.endswith("put the store on a local disk or in a bucket")


def test_two_threads_of_one_process_hold_each_other_off(tmp_path):
    with WriterLock(tmp_path / "lock", "the store"):
        second = WriterLock(tmp_path / "lock", "the store")
        assert not second.is_free()
        with pytest.raises(StoreError, match=f"written by process {os.getpid()} "):
            second.acquire()
        second.release()  # it holds nothing
        assert (tmp_path / "lock").exists()
    assert second.is_free()
    with second:
        assert second.is_free()


@pytest.mark.parametrize("content", ["", "{", '{"pid": 3}', "[]"])
def test_a_file_that_nobody_has_locked_holds_nobody_off(tmp_path, content):
    (tmp_path / "lock").write_text(content)
    assert WriterLock(tmp_path / "lock", "the store").is_free()
    with WriterLock(tmp_path / "lock", "the store"):
        (tmp_path / "lock").write_text(content)  # torn: the holder is not known
        with pytest.raises(StoreError, match="written by another process; wait"):
            WriterLock(tmp_path / "lock", "the store").acquire()


def test_of_many_processes_that_find_a_dead_lock_one_takes_it(tmp_path):
    process = holder(tmp_path / "lock")
    process.kill()
    process.wait()
    program = (
        "import sys; from pathlib import Path; "
        "from deeptracker.pipeline.store.disk_lock import WriterLock\n"
        "from deeptracker.errors import StoreError\n"
        "sys.stdin.readline()\n"
        "lock = WriterLock(Path(sys.argv[1]), 'the store')\n"
        "try: lock.acquire(); print('held', flush=True)\n"
        "except StoreError: print('refused', flush=True)\n"
        "sys.stdin.readline()"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "lock")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    answers = []

    def race(racer):
        racer.stdin.write("go\n")
        racer.stdin.flush()
        answers.append(racer.stdout.readline().strip())

    threads = [threading.Thread(target=race, args=(racer,)) for racer in racers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for racer in racers:
        racer.communicate("done\n")
    assert sorted(answers) == ["held"] + ["refused"] * 5
