"""The dashboard: shows a store as a page of linked views."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deeptracker.pipeline.locations.settings import StorageConfig

__all__ = ["serve"]


def serve(
    stores: Sequence[str],
    *,
    port: int = 5006,
    address: str = "127.0.0.1",
    open_browser: bool = True,
    origins: Sequence[str] = (),
    users: str | Path | None = None,
    storage: "StorageConfig | None" = None,
) -> None:
    """Serve some stores until interrupted; see `deeptracker.dashboard.server.server.serve`."""
    from deeptracker.dashboard.server.server import serve as run_server  # noqa: PLC0415  # panel takes a second

    run_server(
        stores,
        port=port,
        address=address,
        open_browser=open_browser,
        origins=origins,
        users=users,
        storage=storage,
    )
