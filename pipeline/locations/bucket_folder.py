"""A folder in a bucket."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import obstore
from obstore.store import S3Store

from deeptracker.errors import LogError
from deeptracker.pipeline.locations.folder import (
    HEADER_BYTES,
    PARALLEL_REQUESTS,
    File,
    FileBytes,
    Folder,
    Tree,
    check_count,
)
from deeptracker.pipeline.locations.object_store import (
    REQUEST_ERRORS,
    Access,
    ObjectURL,
    bucket_at,
)
from deeptracker.pipeline.locations.refusals import cause_of

__all__ = ["BucketFolder"]

T = TypeVar("T")

PARALLEL_RANGES = 8


class BucketFolder(Folder):
    """A prefix of a bucket."""

    access: Access

    def __init__(self, url: ObjectURL, access: Access) -> None:
        super().__init__()
        self._url = url
        self.access = access
        self.location = str(url).rstrip("/")
        self.name = url.key.rsplit("/", 1)[-1] or url.bucket
        self._bucket = bucket_at(url.bucket, access)
        self._found: tuple[list[File], set[str]] | None = None

    def files(self, under: str = "") -> list[File]:
        """List the objects in it."""
        return self._listed(under)[0] if under else self._top[0]

    def has(self, name: str) -> bool:
        """Whether it holds an object of this name, or objects under a prefix of this name."""
        files, folders = self._top
        return name in folders or any(file.name == name for file in files)

    def read(self, file: File) -> bytes:
        """Read a whole object."""
        try:
            return bytes(obstore.get(self._bucket, self._key(file.location)).bytes())
        except REQUEST_ERRORS as error:
            raise LogError(f"{file.location}: cannot be read: {cause_of(error)}") from error

    def _list_tree(self, depth: int) -> Tree:
        """List the objects under the prefix, down to a depth of separators."""
        prefix = f"{self._url.key}/" if self._url.key else None
        found = Tree()
        count = 0
        try:
            for batch in obstore.list(self._bucket, prefix):
                count += len(batch)
                check_count(self.location, count)
                for meta in batch:
                    name = meta["path"].removeprefix(prefix or "")
                    if name.count("/") <= depth:
                        found.files.append(self._file(name, meta))
        except REQUEST_ERRORS as error:
            raise LogError(f"{self.location}: cannot be listed: {cause_of(error)}") from error
        found.files.sort(key=lambda file: file.name)
        return found

    def parsed(
        self, files: Sequence[File], parse: Callable[[File, FileBytes], T]
    ) -> Iterator[T | LogError]:
        """Parse objects in parallel."""

        def one(file: File) -> T | LogError:
            try:
                return parse(file, _ObjectBytes(self._bucket, self._key(file.location), file))
            except LogError as error:
                return error
            except REQUEST_ERRORS as error:
                return LogError(f"{file.location}: cannot be read: {cause_of(error)}")

        with ThreadPoolExecutor(PARALLEL_REQUESTS) as pool:
            yield from pool.map(one, files)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is under the prefix."""
        return not any(self._top)

    @property
    def _top(self) -> tuple[list[File], set[str]]:
        # Before Python 3.12 a cached_property locks all folders while one is listed.
        if self._found is None:
            self._found = self._listed("")
        return self._found

    def _listed(self, under: str) -> tuple[list[File], set[str]]:
        """List objects and the names of prefixes directly under one."""
        prefix = "/".join(part for part in (self._url.key, under) if part)
        try:
            found = obstore.list_with_delimiter(self._bucket, f"{prefix}/" if prefix else None)
        except REQUEST_ERRORS as error:
            raise LogError(f"{self.location}: cannot be listed: {cause_of(error)}") from error
        files = [self._file(meta["path"].rsplit("/", 1)[-1], meta) for meta in found["objects"]]
        folders = {path.rstrip("/").rsplit("/", 1)[-1] for path in found["common_prefixes"]}
        return sorted(files, key=lambda file: file.name), folders

    def _file(self, name: str, meta: Mapping[str, Any]) -> File:
        return File(
            name,
            f"s3://{self._url.bucket}/{meta['path']}",
            meta["size"],
            str(meta["e_tag"] or meta["last_modified"]),
        )

    @staticmethod
    def _key(location: str) -> str:
        return ObjectURL.parse(location).key


class _ObjectBytes:
    """An object; its beginning is kept, as headers mostly lie there."""

    def __init__(self, bucket: S3Store, key: str, file: File) -> None:
        self._bucket = bucket
        self._key = key
        self._head = b""
        self.size, self.version = file.size, file.version

    def read(self, start: int, stop: int) -> bytes:
        """Read bytes [start, stop), or fewer where the object ends before."""
        stop = min(stop, self.size)
        if start >= stop:
            return b""
        if start > len(self._head):
            return self._fetch(start, stop)
        if stop > len(self._head):
            # Request more than needed first: mostly that covers the whole header.
            wanted = min(max(stop, HEADER_BYTES), self.size)
            self._head += self._fetch(len(self._head), wanted)
        return self._head[start:stop]

    def read_many(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Read several ranges in parallel."""
        known = len(self._head)
        far = [edges for edges in ranges if edges[1] > known]
        # Several files are read at a time: each takes a few threads.
        with ThreadPoolExecutor(PARALLEL_RANGES) as pool:
            found = iter(list(pool.map(lambda edges: self._fetch(*edges), far)))
        return [self._head[start:stop] if stop <= known else next(found) for start, stop in ranges]

    def _fetch(self, start: int, stop: int) -> bytes:
        return obstore.get_range(self._bucket, self._key, start=start, end=stop).to_bytes()
