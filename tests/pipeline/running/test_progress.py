"""The bar in the terminal: the stage, and the notice that workers compile."""

import pytest
from rich.console import Console

from deeptracker.pipeline.running.progress import RichProgress


@pytest.fixture
def bar(monkeypatch):
    """A bar on a terminal of 120 columns, and what was written there so far."""
    console = Console(width=120, force_terminal=True, record=True, stderr=True, quiet=False)
    monkeypatch.setattr("rich.console.Console", lambda **_: console)
    progress = RichProgress()

    def written():
        progress._bar.refresh()
        return console.export_text(clear=True)

    progress.start(1000)
    yield progress, written
    progress.stop()


def test_compiling_is_shown_until_something_has_been_processed(bar):
    progress, written = bar
    progress.stage("measuring")
    assert "measuring" in written()
    progress.compiling(kept=True)
    text = written()
    assert "compiling (first run)" in text.splitlines()[-1]
    assert "notice" not in text
    progress.advance(500)
    assert "measuring" in written().splitlines()[-1]


def test_where_kernels_cannot_be_kept_it_says_so_once_and_what_to_do(bar):
    progress, written = bar
    progress.compiling(kept=False)
    text = written()
    assert "NUMBA_CACHE_DIR" in text
    assert "first run" not in text
    progress.compiling(kept=False)
    assert "NUMBA_CACHE_DIR" not in written()
