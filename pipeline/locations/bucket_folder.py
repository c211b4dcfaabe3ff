"""A folder in a bucket."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import obstore

from deeptracker.errors import LogError
from deeptracker.pipeline.locations.folder import (
    HEADER_BYTES,
    PARALLEL_REQUESTS,
    File,
    FileHeader,
    Folder,
    header_of,
)
from deeptracker.pipeline.locations.object_store import (
    REQUEST_ERRORS,
    Access,
    ObjectURL,
    bucket_at,
)
from deeptracker.pipeline.locations.refusals import cause_of

__all__ = ["BucketFolder"]


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

    def headers(self, files: Sequence[File]) -> Iterator[FileHeader | LogError]:
        """Read headers in parallel."""
        with ThreadPoolExecutor(PARALLEL_REQUESTS) as pool:
            yield from pool.map(self._header, files)

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
        files = [
            File(
                meta["path"].rsplit("/", 1)[-1],
                f"s3://{self._url.bucket}/{meta['path']}",
                meta["size"],
                str(meta["e_tag"] or meta["last_modified"]),
            )
            for meta in found["objects"]
        ]
        folders = {path.rstrip("/").rsplit("/", 1)[-1] for path in found["common_prefixes"]}
        return sorted(files, key=lambda file: file.name), folders

    def _header(self, file: File) -> FileHeader | LogError:
        head = b""

        def read(start: int, stop: int) -> bytes:
            nonlocal head
            stop = min(stop, file.size)
            if stop > len(head) and start < stop:
                # Request more than needed first: mostly that covers the whole header.
                wanted = min(max(stop, HEADER_BYTES), file.size)
                head += obstore.get_range(self._bucket, key, start=len(head), end=wanted).to_bytes()
            return head[start:stop]

        key = self._key(file.location)
        try:
            return header_of(file.location, file.size, file.version, read, self._parsed)
        except LogError as error:
            return error
        except REQUEST_ERRORS as error:
            return LogError(f"{file.location}: cannot be read: {cause_of(error)}")

    @staticmethod
    def _key(location: str) -> str:
        return ObjectURL.parse(location).key
