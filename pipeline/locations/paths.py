"""Locations: a folder on disk by its path, or a prefix of a bucket by its URL.

Only this module distinguishes them. Sources get a `Folder`, and do not know which it is.
"""

import errno
from pathlib import Path
from urllib.parse import urlsplit

from deeptracker.errors import ConfigError, LogError
from deeptracker.pipeline.locations.bucket_folder import BucketFolder
from deeptracker.pipeline.locations.folder import (
    Folder,
)
from deeptracker.pipeline.locations.local_folder import LocalFolder
from deeptracker.pipeline.locations.object_store import (
    ObjectURL,
    access_of,
)
from deeptracker.pipeline.locations.settings import StorageConfig

__all__ = ["is_remote", "local_path", "name_of", "open_folder", "sibling"]


def is_remote(location: str) -> bool:
    """Whether a location is in a bucket.

    Raises
    ------
    ConfigError
        When it is a URL with an unsupported scheme.
    """
    scheme = urlsplit(location).scheme if "://" in location else ""
    if scheme in ("", "file"):
        return False
    if scheme == "s3":
        if not ObjectURL.parse(location).bucket:
            raise ConfigError(f"{location}: names no bucket; give s3://BUCKET/PREFIX")
        return True
    raise ConfigError(f"{location}: a log or a store is a local path or s3://BUCKET/PREFIX")


def local_path(location: str) -> Path:
    """Give the path of a location on disk.

    Raises
    ------
    ConfigError
        When the path is too long for a file system, or its links form a loop.
    """
    path = Path(urlsplit(location).path if location.startswith("file://") else location)
    try:
        path.stat()
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            raise ConfigError(f"{location}: {error.strerror}; give another path") from None
    return path


def name_of(location: str) -> str:
    """Give the last part of a location."""
    if is_remote(location):
        url = ObjectURL.parse(location)
        return url.key.rsplit("/", 1)[-1] or url.bucket
    return local_path(location).resolve().name


def sibling(location: str, name: str) -> str:
    """Give the location of another name in the same folder or under the same prefix.

    Raises
    ------
    ConfigError
        When it is the root of the file system, which has no sibling.
    """
    if is_remote(location):
        url = ObjectURL.parse(location)
        parent, _, _ = url.key.rpartition("/")
        return str(ObjectURL(url.bucket, f"{parent}/{name}" if parent else name))
    path = local_path(location).resolve()
    if not path.name:
        raise ConfigError(f"{location}: is the root of the file system; name a folder in it")
    return str(path.with_name(name))


def open_folder(location: str, storage: StorageConfig | None = None) -> Folder:
    """Open the folder at a location.

    Raises
    ------
    LogError
        When there is no such folder, or it cannot be listed.
    """
    if is_remote(location):
        folder = BucketFolder(ObjectURL.parse(location), access_of(storage))
        if folder.is_empty:
            raise LogError(f"{location}: the prefix is empty; give a training log")
        return folder
    path = local_path(location)
    if not path.is_dir():
        reason = "is a file, not a folder" if path.exists() else "there is no such folder"
        raise LogError(f"{location}: {reason}; give a training log or a folder of checkpoints")
    return LocalFolder(path)
