"""S3-compatible storage: the address of its server, and the few requests that are needed.

Code that sends requests to a bucket gets an `Access`, which names the server. It holds no
credentials: each process takes them from its environment (or its machine's role), so that tasks
carry none.
"""

import os
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import icechunk
import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from deeptracker.errors import ConfigError
from deeptracker.pipeline.locations.refusals import cause_of
from deeptracker.pipeline.locations.settings import StorageConfig

__all__ = [
    "REQUEST_ERRORS",
    "Access",
    "ObjectURL",
    "access_of",
    "bucket_at",
    "has_object",
    "object_tag",
    "trouble_with",
]

# Errors that a request may raise. A missing object is a FileNotFoundError.
REQUEST_ERRORS = (BaseError, FileNotFoundError)
FIRST_BACKOFF_SECONDS = 0.1
LONGEST_BACKOFF_SECONDS = 15.0
TRUE = {"1", "true", "yes", "on"}


@dataclass(frozen=True)
class Access:
    """The address of a server, its retries and its timeout.

    Attributes
    ----------
    endpoint : str or None
        The server's URL; None for Amazon's.
    tries : int
        Attempts at a request, with growing pauses between them.
    timeout_seconds : float
        Timeout of one request.
    """

    endpoint: str | None
    region: str
    allow_http: bool
    path_style: bool
    anonymous: bool
    tries: int
    timeout_seconds: float

    @property
    def longest_request(self) -> timedelta:
        """The longest time that one request may take, with its retries and pauses."""
        pauses = sum(
            min(FIRST_BACKOFF_SECONDS * 2**number, LONGEST_BACKOFF_SECONDS)
            for number in range(self.tries - 1)
        )
        return timedelta(seconds=2 * pauses + self.timeout_seconds)

    def icechunk_storage(self, url: "ObjectURL") -> icechunk.Storage:
        """Give the storage of a store at an URL."""
        return icechunk.s3_storage(
            bucket=url.bucket,
            prefix=url.key or None,
            region=self.region,
            endpoint_url=self.endpoint,
            allow_http=self.allow_http,
            force_path_style=self.path_style,
            anonymous=True if self.anonymous else None,
            from_env=None if self.anonymous else True,
            network_stream_timeout_seconds=max(1, round(self.timeout_seconds)),
        )

    def icechunk_config(self) -> icechunk.RepositoryConfig:
        """Give the settings of a store on this server."""
        retries = icechunk.StorageRetriesSettings(
            max_tries=self.tries,
            initial_backoff_ms=round(1000 * FIRST_BACKOFF_SECONDS),
            max_backoff_ms=round(1000 * LONGEST_BACKOFF_SECONDS),
        )
        return icechunk.RepositoryConfig(storage=icechunk.StorageSettings(retries=retries))


@dataclass(frozen=True)
class ObjectURL:
    """``s3://bucket/key``."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, text: str) -> "ObjectURL":
        """Split a URL into bucket and key; a trailing slash is ignored."""
        parts = urlsplit(text)
        return cls(parts.netloc, parts.path.strip("/"))

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def access_of(config: StorageConfig | None = None) -> Access:
    """Take the server's settings from the config, or from the usual environment variables.

    Raises
    ------
    ConfigError
        When the endpoint is unencrypted and the config does not allow that.
    """
    config = config or StorageConfig()
    endpoint = (
        config.endpoint_url
        or os.environ.get("AWS_ENDPOINT_URL_S3")
        or os.environ.get("AWS_ENDPOINT_URL")
        or os.environ.get("AWS_ENDPOINT")
        or None
    )
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    allow_http = config.allow_http
    if allow_http is None:
        allow_http = os.environ.get("AWS_ALLOW_HTTP", "").lower() in TRUE
    if endpoint and endpoint.startswith("http://") and not allow_http:
        raise ConfigError(
            f"the storage endpoint {endpoint} is not encrypted; use https://, or allow it with "
            "AWS_ALLOW_HTTP=true or storage: {allow_http: true} in the config"
        )
    path_style = config.force_path_style
    return Access(
        endpoint=endpoint.rstrip("/") if endpoint else None,
        region=config.region or region,
        allow_http=allow_http,
        path_style=endpoint is not None if path_style is None else path_style,
        anonymous=config.anonymous,
        tries=config.tries,
        timeout_seconds=config.timeout_seconds,
    )


@lru_cache(maxsize=16)
def bucket_at(bucket: str, access: Access) -> S3Store:
    """Open a bucket; a process shares one object and its connections."""
    options: dict[str, Any] = {"region": access.region}
    if access.endpoint:
        options["endpoint"] = access.endpoint
    if access.anonymous:
        options["skip_signature"] = True
    return S3Store(
        bucket,
        **options,
        virtual_hosted_style_request=not access.path_style,
        client_options={
            "allow_http": access.allow_http,
            "timeout": timedelta(seconds=access.timeout_seconds),
            "connect_timeout": timedelta(seconds=min(access.timeout_seconds, 10.0)),
        },
        retry_config={
            "max_retries": access.tries - 1,
            "retry_timeout": access.longest_request,
            "backoff": {
                "init_backoff": timedelta(seconds=FIRST_BACKOFF_SECONDS),
                "max_backoff": timedelta(seconds=LONGEST_BACKOFF_SECONDS),
                "base": 2,
            },
        },
    )


def trouble_with(url: ObjectURL, access: Access) -> str:
    """Send one request to a bucket; give the cause if it fails, else ""."""
    try:
        obstore.list_with_delimiter(bucket_at(url.bucket, replace(access, tries=1)), url.key)
    except REQUEST_ERRORS as error:
        return cause_of(error)
    return ""


def object_tag(url: ObjectURL, access: Access) -> str | None:
    """Give a tag that changes when the object does.

    Raises
    ------
    BaseError, FileNotFoundError
        When there is no such object, or the server refuses.
    """
    return obstore.head(bucket_at(url.bucket, access), url.key)["e_tag"]


def has_object(url: ObjectURL, access: Access) -> bool:
    """Whether an object exists.

    Raises
    ------
    BaseError, FileNotFoundError
        When the server refuses, or has no such bucket.
    """
    try:
        # GET, not HEAD: the body of the error distinguishes a missing bucket from a missing object.
        obstore.get(bucket_at(url.bucket, access), url.key)
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):
            raise
        return False
    return True
