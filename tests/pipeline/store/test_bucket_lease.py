"""The lease of a store in a bucket: one writer, the next one's sentence, clocks that differ."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import obstore
import pytest

from deeptracker.errors import StoreError
from deeptracker.pipeline.locations.object_store import ObjectURL, access_of
from deeptracker.pipeline.store.bucket_lease import Lease
from deeptracker.pipeline.store.holder import Holder


class TestLease:
    def lease(self, bucket, seconds):
        return Lease(ObjectURL(bucket.name, "lease"), access_of(), "the store", seconds)

    def foreign(self, bucket):
        """A lease of a process on another machine, of which nobody can know whether it lives."""
        holder = Holder(7, "elsewhere", "2026-01-02 03:04", "x")
        obstore.put(bucket.store, "lease", holder.packed())

    def written(self, bucket):
        return obstore.head(bucket.store, "lease")["last_modified"]

    def test_a_fresh_lease_of_another_machine_is_respected(self, bucket):
        self.foreign(bucket)
        told = (
            r"process 7 on elsewhere since 2026-01-02 03:04 UTC, which renewed its lease \d s ago;"
        )
        with pytest.raises(StoreError, match=told):
            self.lease(bucket, 3600).acquire()
        assert bucket.listed() == ["lease"]

    @pytest.mark.parametrize("days", [-10, 10])
    def test_a_clock_ten_days_apart_neither_blocks_nor_breaks_it(self, bucket, proxy, days):
        proxy.ahead = timedelta(days=days)
        self.foreign(bucket)
        with pytest.raises(StoreError, match=r"which renewed its lease \d s ago"):
            self.lease(bucket, 60).acquire()
        time.sleep(2)
        with self.lease(bucket, 1) as lease:
            lease.check()

    @pytest.mark.parametrize("first", [True, False])
    def test_one_whose_answer_was_lost_is_ours(self, bucket, monkeypatch, first):
        """The client repeats the request, and the server has it already."""
        if not first:
            self.foreign(bucket)
        put = obstore.put

        def put_twice(*arguments, **options):
            put(*arguments, **options)
            return put(*arguments, **options)

        lease = self.lease(bucket, 3600 if first else 0)
        with monkeypatch.context() as lossy:
            lossy.setattr("deeptracker.pipeline.store.bucket_lease.obstore.put", put_twice)
            lease.acquire()
        lease.check()
        lease.release()
        assert bucket.listed() == []

    def test_one_that_has_run_out_is_taken_over(self, bucket):
        self.foreign(bucket)
        with self.lease(bucket, 0) as lease:
            lease.check()
        assert bucket.listed() == []

    @pytest.mark.parametrize("content", [b"", b"{", b'{"pid": 3}'])
    def test_one_that_cannot_be_read_counts_for_as_long_as_any(self, bucket, content):
        obstore.put(bucket.store, "lease", content)
        with pytest.raises(StoreError, match="written by another process, which renewed"):
            self.lease(bucket, 3600).acquire()
        with self.lease(bucket, 0) as lease:
            lease.check()

    def test_whether_it_is_free_is_told_without_touching_it(self, bucket):
        asked = self.lease(bucket, 3600)
        assert asked.is_free()
        with self.lease(bucket, 3600):
            assert not asked.is_free()
        assert asked.is_free()
        assert bucket.listed() == []
        with asked:
            assert asked.is_free()
        self.foreign(bucket)
        assert not asked.is_free()
        assert self.lease(bucket, 0).is_free()
        assert bucket.listed() == ["lease"]

    def test_it_is_renewed_for_as_long_as_it_is_held(self, bucket):
        with self.lease(bucket, 2) as lease:
            first = self.written(bucket)
            lease._ended.wait(3)
            assert self.written(bucket) > first
            lease.check()

    def test_its_owner_learns_that_it_is_lost_and_leaves_it_to_the_other(self, bucket):
        with self.lease(bucket, 0.4) as lease:
            self.foreign(bucket)
            lease._ended.wait(1)
            with pytest.raises(StoreError, match="another process took over"):
                lease.check()
        assert b"elsewhere" in obstore.get(bucket.store, "lease").bytes().to_bytes()

    def test_of_many_who_want_it_at_once_one_gets_it(self, bucket):
        def take(lease):
            try:
                return lease._take()
            except StoreError as error:
                return str(error)

        with ThreadPoolExecutor(8) as pool:
            taken = list(pool.map(take, [self.lease(bucket, 3600) for _ in range(8)]))
        assert taken.count(True) == 1
        assert sum("is being written by process" in str(answer) for answer in taken) == 7
