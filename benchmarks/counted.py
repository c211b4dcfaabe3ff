"""Serve the app, and report the process's live objects and memory on request.

    python benchmarks/counted.py STORE PORT

It answers each line on standard input with one JSON object: live objects by class after a garbage
collection, and resident bytes. Sessions without a connection end sooner here than in the app.
"""

import gc
import json
import sys
import threading
from collections import Counter

import psutil
from bokeh.document import Document
from bokeh.server.session import ServerSession

from deeptracker.dashboard import serve
from deeptracker.dashboard.server import server
from deeptracker.dashboard.server.run_address import RunAddress
from deeptracker.dashboard.shell.page import RunPage

COUNTED = (RunPage, RunAddress, Document, ServerSession)
UNUSED_MILLISECONDS, CHECK_MILLISECONDS = 1_000, 250


def count() -> dict[str, int]:
    """Count the objects that remain after garbage collection."""
    for _ in range(3):
        gc.collect()
    kinds = Counter(type(found) for found in gc.get_objects())
    alive = {kind.__name__: kinds[kind] for kind in COUNTED}
    return alive | {"bytes": psutil.Process().memory_info().rss}


def answer() -> None:
    """Answer each line with a count."""
    for _ in sys.stdin:
        print(json.dumps(count()), flush=True)


def main() -> None:
    """Serve."""
    server.UNUSED_MILLISECONDS = UNUSED_MILLISECONDS
    server.CHECK_MILLISECONDS = CHECK_MILLISECONDS
    threading.Thread(target=answer, daemon=True).start()
    serve([sys.argv[1]], port=int(sys.argv[2]), open_browser=False)


if __name__ == "__main__":
    main()
