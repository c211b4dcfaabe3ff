"""The server: one page per run, and a home page that lists the runs."""

import os
import re
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

# Every script and style comes from this server: the app works without internet access.
os.environ.setdefault("BOKEH_RESOURCES", "server")

import panel as pn

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.look.theme import PAGE_CSS, WIDGET_CSS
from deeptracker.dashboard.server.home import Home
from deeptracker.dashboard.server.message_delivery import deliver_all
from deeptracker.dashboard.server.not_found import NotFound
from deeptracker.dashboard.server.run_address import RunAddress
from deeptracker.dashboard.server.sign_in import SignIn
from deeptracker.dashboard.server.users_file import Users
from deeptracker.dashboard.shell.page import POLL_MILLISECONDS, RunPage
from deeptracker.dashboard.views.registry import linked
from deeptracker.errors import DeepTrackerError
from deeptracker.pipeline.locations.settings import StorageConfig
from deeptracker.pipeline.store.repository import NothingCommittedError

__all__ = ["serve"]

# Sessions of requests that open no websocket end soon; one that opens it later gets a new session.
UNUSED_MILLISECONDS = 10_000
CHECK_MILLISECONDS = 5_000
DOCUMENT = (Path(__file__).parent / "document.html").read_text(encoding="utf-8")


def serve(
    stores: Sequence[str],
    *,
    port: int = 5006,
    address: str = "127.0.0.1",
    open_browser: bool = True,
    origins: Sequence[str] = (),
    users: str | Path | None = None,
    storage: StorageConfig | None = None,
) -> None:
    """Serve the pages of some stores until interrupted.

    Parameters
    ----------
    stores : sequence of str
        Paths or URLs of stores.
    port : int
        0 takes a free one.
    address : str
        The address to listen on.
    open_browser : bool
        Whether to open the page in a browser of this machine.
    origins : sequence of str
        HOST or HOST:PORT by which browsers reach this server, if that is not its own address, such
        as behind a proxy.
    users : str or Path, optional
        A users file; without one, nobody has to sign in.
    storage : StorageConfig, optional
        How buckets are reached, for stores and for the logs behind them.

    Raises
    ------
    DeepTrackerError
        When a store cannot be opened, the port is taken or the users file is invalid.
    """
    sign_in = SignIn(Users(users)) if users is not None else None
    runs = _named(stores, storage)
    port = port or _free_port(address)
    _check_port(address, port)
    pn.extension(raw_css=[WIDGET_CSS])
    deliver_all()
    pages = {slug: _page(slug, location, storage) for slug, location in runs.items()}
    first, location = next(iter(runs.items()))
    _warm_up(location, storage)
    shown = f"http://{'localhost' if address in ('127.0.0.1', '0.0.0.0') else address}:{port}"  # noqa: S104
    target = f"{shown}/{first}" if len(runs) == 1 else f"{shown}/"
    if len(runs) > 1:
        pages["/"] = _home(runs, storage)
    print(f"DeepTracker shows {', '.join(runs)} at {target} (stop with Ctrl-C)", flush=True)  # noqa: T201
    server = _server(pages, address, port, _origins(address, port, origins), sign_in)
    if open_browser:
        import webbrowser  # noqa: PLC0415

        server.io_loop.call_later(0.5, lambda: webbrowser.open(target))
    server.start()
    try:
        server.io_loop.start()
    except KeyboardInterrupt:
        server.stop()


def _server(
    pages: Mapping[str, Callable[[], Any]],
    address: str,
    port: int,
    origins: list[str] | str,
    sign_in: SignIn | None,
) -> Any:
    """Make Panel's server for pages by path, without starting it."""
    return pn.serve(
        dict(pages),
        port=port,
        address=address,
        show=False,
        start=False,
        title={slug: f"{slug} · DeepTracker" for slug in pages},
        websocket_origin=origins,
        index=None,
        default_handler_class=NotFound,
        unused_session_lifetime_milliseconds=UNUSED_MILLISECONDS,
        check_unused_sessions_milliseconds=CHECK_MILLISECONDS,
        # After a restart everybody must sign in again, unless DEEPTRACKER_COOKIE_SECRET is set.
        cookie_secret=os.environ.get("DEEPTRACKER_COOKIE_SECRET") or secrets.token_hex(32),
        **({"auth_provider": sign_in} if sign_in else {}),
    )


def _origins(address: str, port: int, given: Sequence[str]) -> list[str] | str:
    """Give the origins that may open a websocket: pages of other sites must not read runs."""
    own = [f"{name}:{port}" for name in ("localhost", "127.0.0.1", address)]
    if address == "0.0.0.0" and not given:  # noqa: S104
        return "*"  # the machine's names in its network are unknown here
    return [*own, *given]


def _named(stores: Sequence[str], storage: StorageConfig | None) -> dict[str, str]:
    """Give each store a name for its address; open each store, to report errors early."""
    named: dict[str, str] = {}
    for location in stores:
        # A store without a first commit gets a page that waits for it.
        with suppress(NothingCommittedError):
            Run(location, storage)
        stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", Path(location.rstrip("/")).name)
        stem = stem.removesuffix(".dtstore") or "run"
        slug, number = stem, 2
        while slug in named:
            slug, number = f"{stem}-{number}", number + 1
        named[slug] = location
    return named


def _page(
    name: str, location: str, storage: StorageConfig | None
) -> Callable[[], pn.viewable.Viewable]:
    def make() -> pn.viewable.Viewable:
        _set_document()
        place = pn.state.location
        dark = pn.state.cookies.get("dt-dark") == "1"
        run_address = RunAddress(name, location, storage, place, dark=dark)
        pn.state.onload(run_address.open)
        pn.state.add_periodic_callback(run_address.follow, period=POLL_MILLISECONDS)
        return run_address.panel()

    return make


def _home(
    runs: dict[str, str], storage: StorageConfig | None
) -> Callable[[], pn.viewable.Viewable]:
    def make() -> pn.viewable.Viewable:
        _set_document()
        shown = Home(runs, storage)
        pn.state.add_periodic_callback(shown.follow, period=POLL_MILLISECONDS)
        return shown.panel()

    return make


def _set_document() -> None:
    """Set a page's colours before the app has loaded."""
    document = pn.state.curdoc
    if document is not None:
        document.template = DOCUMENT  # type: ignore[assignment]  # Panel extends its own with it
        document.template_variables["page_css"] = PAGE_CSS
        # A page that has lost its server shows its own message and reloads from its link.
        document.config.update(
            reconnect_session=False, notify_connection_status=False, notifications=None
        )


def _warm_up(location: str, storage: StorageConfig | None) -> None:
    """Compile kernels and load modules, so that the first person need not wait for them."""
    linked()  # A browser knows only the components that were defined when its page was sent.
    with suppress(NothingCommittedError):
        page = RunPage(Run(location, storage))
        page.selection.view = "weights"


def _free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def _check_port(address: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise DeepTrackerError(
                f"{address}:{port} cannot be listened on ({error.strerror or error}); "
                "choose another port with --port, or any free one with --port 0"
            ) from error
