"""The info view's facts: what is little is not nothing, and paths break between their parts."""

from logs import LogWriter

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.views.info.view import InfoView
from deeptracker.dashboard.views.registry import linked
from deeptracker.pipeline import process


def test_a_small_share_is_not_told_as_nothing_and_is_exact_in_the_table(tmp_path):
    log = LogWriter(tmp_path / "log", shapes={"a.weight": (300, 400), "a.bias": (3,)})
    log.snapshot(0)
    process(tmp_path / "log", tmp_path / "store")
    view = InfoView(Run(str(tmp_path / "store")), *linked().of(InfoView))
    shown = {row[0]: (row[-4], row[-1]) for row in view.parameters.rows}
    assert shown == {"a.weight": ("300\u00d7400", 100.0), "a.bias": ("3", "<0.01")}
    table = view.table().set_index("parameter")
    assert table.loc["a.bias", "share %"] == 100 * 3 / 120_003


def test_paths_break_between_their_parts(run):
    said = InfoView(run, *linked().of(InfoView)).facts.object
    assert run.location.replace("/", "/<wbr>") in said
