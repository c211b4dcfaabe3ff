"""Signing in: no page, and no websocket behind one, without a name from the users file."""

import asyncio
import html
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bokeh.server.auth_provider import AuthProvider
from tornado.web import RequestHandler

from deeptracker.dashboard.server.users_file import Users

__all__ = ["SignIn"]

COOKIE = "deeptracker_user"
DAYS = 7.0
PAGE = (Path(__file__).parent / "sign_in.html").read_text(encoding="utf-8")


class SignIn(AuthProvider):
    """Asks every request for a signed cookie, and gives one for a right password.

    Parameters
    ----------
    users : Users
    """

    def __init__(self, users: Users) -> None:
        self._users = users
        super().__init__()

    @property
    def get_user(self) -> Callable[[Any], Any]:
        """Give a function that names who asks; nobody where the cookie is missing or forged."""

        def user_of(handler: RequestHandler) -> str | None:
            cookie = handler.get_signed_cookie(COOKIE, max_age_days=DAYS)
            name = cookie.decode() if cookie else None
            return name if name in self._users.names else None

        return user_of

    @property
    def login_url(self) -> str:
        """Where one signs in."""
        return "/login"

    @property
    def login_handler(self) -> type[RequestHandler]:
        """The page that asks."""
        users = self._users

        class Login(RequestHandler):
            def get(self) -> None:
                self.write(_page(self.get_argument("next", "/"), ""))

            async def post(self) -> None:
                name = self.get_body_argument("name", "")
                password = self.get_body_argument("password", "", strip=False)
                target = self.get_body_argument("next", "/")
                # Hashing takes tens of milliseconds: not on the loop that serves everybody.
                if not await asyncio.to_thread(users.accepts, name, password):
                    self.set_status(401)
                    self.write(_page(target, "That name and password do not go together."))
                    return
                self.set_signed_cookie(
                    COOKIE, name, expires_days=DAYS, httponly=True, samesite="Lax"
                )
                self.redirect(_own(target))

        return Login

    @property
    def logout_url(self) -> str:
        """Where one signs out."""
        return "/logout"

    @property
    def logout_handler(self) -> type[RequestHandler]:
        """Forget who it was."""

        class Logout(RequestHandler):
            def get(self) -> None:
                self.clear_cookie(COOKIE)
                self.redirect("./login")

        return Logout


def _page(target: str, message: str) -> str:
    return PAGE.replace("{{next}}", html.escape(_own(target), quote=True)).replace(
        "{{message}}", html.escape(message)
    )


def _own(target: str) -> str:
    """Give a path of this server: nobody is led elsewhere by a link."""
    parts = urlsplit(target)
    local = not parts.scheme and not parts.netloc and target.startswith("/")
    return target if local and not target.startswith("//") and "\\" not in target else "/"
