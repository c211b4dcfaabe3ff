"""S3-compatible storage: how to reach it, and the few requests that are made of it.

Everything that speaks to a bucket gets an `Access`, which says where the server is. Credentials are
no part of it: each process takes its own from its environment (or its machine's role), so that none
travels with a task.
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

# What a request may raise. A missing object is a FileNotFoundError.
REQUEST_ERRORS = (BaseError, FileNotFoundError)
FIRST_BACKOFF_SECONDS = 0.1
LONGEST_BACKOFF_SECONDS = 15.0
TRUE = {"1", "true", "yes", "on"}


@dataclass(frozen=True)
class Access:
    """Where a server is, and how patient to be with it.

    Attributes
    ----------
    endpoint : str or None
        The server's URL; Amazon's own for None.
    tries : int
        Requests until one succeeds, with growing pauses between them.
    timeout_seconds : float
        Of one request.
    """

    endpoint: str | None
    region: str
    allow_http: bool
    path_style: bool
    anonymous: bool
    tries: int
    timeout_seconds: float

    @property
    def patience(self) -> timedelta:
        """The longest that one request may take, its repetitions and pauses included."""
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
        """Give the settings of a store that is reached this way."""
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
        """Take an URL apart; a trailing slash means nothing."""
        parts = urlsplit(text)
        return cls(parts.netloc, parts.path.strip("/"))

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def access_of(config: StorageConfig | None = None) -> Access:
    """Settle how storage is reached: by the config, else by the usual environment variables.

    Raises
    ------
    ConfigError
        When the endpoint is unencrypted and nobody has allowed that.
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
    """Open a bucket; the same one with the same connections for the whole process."""
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
            "retry_timeout": access.patience,
            "backoff": {
                "init_backoff": timedelta(seconds=FIRST_BACKOFF_SECONDS),
                "max_backoff": timedelta(seconds=LONGEST_BACKOFF_SECONDS),
                "base": 2,
            },
        },
    )


def trouble_with(url: ObjectURL, access: Access) -> str:
    """Ask a bucket for something, once; say what is wrong, or nothing where it answers well."""
    try:
        obstore.list_with_delimiter(bucket_at(url.bucket, replace(access, tries=1)), url.key)
    except REQUEST_ERRORS as error:
        return cause_of(error)
    return ""


def object_tag(url: ObjectURL, access: Access) -> str | None:
    """Give what changes when an object does.

    Raises
    ------
    BaseError, FileNotFoundError
        When there is none, or the server refuses.
    """
    return obstore.head(bucket_at(url.bucket, access), url.key)["e_tag"]


def has_object(url: ObjectURL, access: Access) -> bool:
    """Whether an object is there.

    Raises
    ------
    BaseError, FileNotFoundError
        When the server refuses, or has no such bucket.
    """
    try:
        # Not a HEAD: its answer has no body, and so does not tell a bucket that is not there.
        obstore.get(bucket_at(url.bucket, access), url.key)
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):
            raise
        return False
    return True
