"""What an address that leads nowhere shows: that it does, and the way home."""

import html
from pathlib import Path

from tornado.web import RequestHandler

from deeptracker.dashboard.look.theme import PAGE_CSS

__all__ = ["NotFound"]

PAGE = (Path(__file__).parent / "not_found.html").read_text(encoding="utf-8")


class NotFound(RequestHandler):
    """Answers every address that nothing else does."""

    def prepare(self) -> None:
        """Answer, whatever is asked."""
        path = self.request.path
        # Relative: a proxy may serve the app below an address of its own.
        home = "../" * (path.count("/") - 1) or "./"
        words = {"page_css": PAGE_CSS, "home": home, "path": html.escape(path)}
        page = PAGE
        for name, value in words.items():
            page = page.replace(f"{{{{{name}}}}}", value)
        self.set_status(404)
        self.finish(page)
