"""Settings of object storage."""

from pydantic import Field

from deeptracker.settings_section import FiniteSection
from deeptracker.time_limits import MOST_SECONDS

__all__ = ["StorageConfig"]


class StorageConfig(FiniteSection):
    """Server and requests of ``s3://`` locations; a missing setting comes from the environment.

    No setting holds credentials: every process takes them from its own environment.
    """

    endpoint_url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="server of an S3-compatible storage; by default AWS_ENDPOINT_URL",
    )
    region: str | None = Field(default=None, description="by default AWS_REGION, or us-east-1")
    allow_http: bool | None = Field(
        default=None,
        description="whether the endpoint may be unencrypted; by default AWS_ALLOW_HTTP",
    )
    force_path_style: bool | None = Field(
        default=None,
        description="https://HOST/BUCKET rather than https://BUCKET.HOST; true with an endpoint",
    )
    anonymous: bool = Field(default=False, description="read a public bucket without credentials")
    tries: int = Field(
        default=10, ge=1, le=1000, description="attempts at a request, with growing pauses"
    )
    timeout_seconds: float = Field(
        default=60.0, gt=0, le=MOST_SECONDS, description="timeout of one request"
    )
