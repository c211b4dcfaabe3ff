"""One writer at a time, by a lock that outlives no one."""

import json
import os
import subprocess
import sys
import threading

import pytest

from deeptracker.errors import StoreError
from deeptracker.pipeline.store.disk_lock import Owner, WriterLock


def holder(path):
    """Start a process that holds the lock until it is told to end, or is killed."""
    program = (
        "import sys; from pathlib import Path; "
        "from deeptracker.pipeline.store.disk_lock import WriterLock\n"
        "WriterLock(Path(sys.argv[1]), 'the store').acquire(); print('held', flush=True)\n"
        "sys.stdin.readline()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
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


@pytest.mark.parametrize(
    "changed", [{"boot": "an earlier one"}, {"started": "12"}], ids=["reboot", "pid reused"]
)
def test_the_lock_of_an_earlier_process_with_our_pid_is_taken_over(tmp_path, changed):
    owner = {**vars(Owner.current()), **changed}
    (tmp_path / "lock").write_text(json.dumps(owner))
    with WriterLock(tmp_path / "lock", "the store"):
        assert json.loads((tmp_path / "lock").read_text()).items() >= vars(Owner.current()).items()


def test_the_lock_of_another_host_is_respected_and_the_way_out_is_told(tmp_path):
    owner = {**vars(Owner.current()), "host": "elsewhere"}
    (tmp_path / "lock").write_text(json.dumps(owner))
    with pytest.raises(StoreError, match=r"on elsewhere; .* remove .*lock"):
        WriterLock(tmp_path / "lock", "the store").acquire()


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
def test_a_torn_lock_file_holds_nobody_off(tmp_path, content):
    (tmp_path / "lock").write_text(content)
    with WriterLock(tmp_path / "lock", "the store"):
        pass


def test_of_many_processes_that_find_a_dead_lock_one_takes_it(tmp_path):
    process = holder(tmp_path / "lock")
    process.kill()
    process.wait()
    program = (
        "import sys; from pathlib import Path; "
        "from deeptracker.pipeline.store.disk_lock import WriterLock\n"
        "from deeptracker.errors import StoreError\n"
        "sys.stdin.readline()\n"
        "try: WriterLock(Path(sys.argv[1]), 'the store').acquire(); print('held', flush=True)\n"
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
