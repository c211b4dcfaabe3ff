"""The page for an unknown address: an error and a link to the home page."""

import html
from pathlib import Path

from tornado.web import RequestHandler

from deeptracker.dashboard.look.theme import PAGE_CSS

__all__ = ["NotFound"]

PAGE = (Path(__file__).parent / "not_found.html").read_text(encoding="utf-8")


class NotFound(RequestHandler):
    """Answers every address that no other handler answers."""

    def prepare(self) -> None:
        """Answer any request."""
        path = self.request.path
        # A relative link: a proxy may serve the app under a path prefix.
        home = "../" * (path.count("/") - 1) or "./"
        words = {"page_css": PAGE_CSS, "home": home, "path": html.escape(path)}
        page = PAGE
        for name, value in words.items():
            page = page.replace(f"{{{{{name}}}}}", value)
        self.set_status(404)
        self.finish(page)
