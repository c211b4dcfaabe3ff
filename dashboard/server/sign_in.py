"""Signing in with a name from the users file, as an authentication provider of Panel.

Panel provides cookies, `panel.state.user`, the check of every page and websocket, and the count of
active users. This module provides the password check, the sign-in page and the redirect after it.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from panel.auth import BasicAuthProvider, BasicLoginHandler, LogoutHandler
from panel.config import config
from tornado.template import Template
from tornado.web import RequestHandler

from deeptracker.dashboard.server.users_file import Users

__all__ = ["SignIn"]

# Panel signs a user out after a day, unless PANEL_OAUTH_EXPIRY is set.
DAYS = 7
PAGE = Template((Path(__file__).parent / "sign_in.html").read_text(encoding="utf-8"))


class SignIn(BasicAuthProvider):
    """Requires a signed cookie for every request, and issues one for a correct password.

    Parameters
    ----------
    users : Users
    """

    def __init__(self, users: Users) -> None:
        self._users = users
        super().__init__()
        config.oauth_expiry = DAYS  # type: ignore[misc]  # which Panel's own command sets so

    @property
    def get_user(self) -> Callable[[Any], Any]:
        """Give a function that returns a request's user; None without a valid cookie and name."""
        signed_in = super().get_user

        def user_of(handler: RequestHandler) -> str | None:
            name: str | None = signed_in(handler)
            return name if name in self._users.names else None

        return user_of

    @property
    def login_handler(self) -> type[RequestHandler]:
        """The sign-in page."""
        users = self._users

        class Login(BasicLoginHandler):
            def get(self) -> None:
                self._write_form(self.get_argument("next", "/"))

            async def post(self) -> None:
                name = self.get_body_argument("name", "")
                password = self.get_body_argument("password", "", strip=False)
                target = self.get_body_argument("next", "/")
                # Hashing takes tens of milliseconds: run it on a thread, not on the server's loop.
                if not await asyncio.to_thread(users.accepts, name, password):
                    self.set_status(401)
                    self._write_form(target, "Wrong name or password.")
                    return
                self.set_current_user(name)
                self.redirect(_local_path(target))

            def set_cookie(self, *args: Any, **options: Any) -> None:
                super().set_cookie(*args, **{"samesite": "Lax", **options})

            def _write_form(self, target: str, message: str = "") -> None:
                self.write(PAGE.generate(next=_local_path(target), message=message))

        return Login

    @property
    def logout_handler(self) -> type[RequestHandler]:
        """Sign the user out."""

        class Logout(LogoutHandler):
            def get(self) -> None:
                super().get()
                self.redirect("./login")  # Panel's own page loads its style from elsewhere

        return Logout


def _local_path(target: str) -> str:
    """Give a path on this server, so that no link can redirect to another site."""
    parts = urlsplit(target)
    local = not parts.scheme and not parts.netloc and target.startswith("/")
    return target if local and not target.startswith("//") and "\\" not in target else "/"
