"""Layers and weights of ResNet-50 at its full width: what is drawn is what the log's bytes say.

Expected numbers are computed from the log, which is read here as plain bytes of bfloat16, and from
the store by xarray; nothing of the pipeline or the dashboard takes part in that.
"""

import io
import json
import re
from functools import cache

import numpy as np
import pytest
from PIL import Image
from pixels import at, column_of, darkness
from test_weights import centre, opened, told

import deeptracker

NETWORK, LAYER = "node:", "node:conv1"
COLUMNS = (6, 20)
HORIZON = ((198, 220, 236), (47, 127, 181), (6, 44, 71))  # pale, middle and dark of three bands
# Every value that bfloat16 has, by its code.
VALUES = (np.arange(65536, dtype=np.uint32) << 16).view(np.float32)


class Log:
    """The snapshots of a log, as bytes."""

    def __init__(self, folder):
        self.paths = sorted((folder / "snapshots").iterdir())

    @cache  # noqa: B019  # one log a session
    def codes(self, column, name):
        """The weights of a tensor as uint16 codes of bfloat16."""
        return next(codes for found, codes in self.tensors(column) if found == name)

    def tensors(self, column):
        raw = np.memmap(self.paths[column], np.uint8, "r")
        length = int(raw[:8].view("<u8")[0])
        for name, field in json.loads(bytes(raw[8 : 8 + length])).items():
            if name != "__metadata__":
                assert field["dtype"] == "BF16"
                begin, end = (8 + length + offset for offset in field["data_offsets"])
                yield name, raw[begin:end].view("<u2")

    def weights(self, column, name):
        return (self.codes(column, name).astype(np.uint32) << 16).view(np.float32)

    @cache  # noqa: B019
    def spread(self, column, row):
        """How often each value occurs under a row of the tree: values by rising size, counts."""
        prefix = row.removeprefix("node:")
        counts = np.zeros(65536, np.int64)
        for name, codes in self.tensors(column):
            if name.startswith(f"{prefix}." if prefix else ""):
                counts += np.bincount(codes, minlength=65536)
        there = np.flatnonzero(counts)
        order = there[np.argsort(VALUES[there], kind="stable")]
        return VALUES[order].astype(np.float64), counts[order]


@pytest.fixture(scope="module")
def log(wide_log):
    return Log(wide_log)


@pytest.fixture(scope="module")
def tree(wide_store):
    return deeptracker.open(wide_store).tree


def drawn(person, address, query):
    person.open(f"{address}?v=layers&{query}")
    return person.wait(
        lambda: (state := person.state("layers"))["rows"] and state["is_sent"] and state,
        "the rows in sight",
        seconds=60,
    )


@pytest.fixture
def person(visit):
    """Someone whose page is high enough for all that is looked at: nothing is scrolled."""
    return visit(height=1700)


def card(person, row, column, line=None):
    """What a row tells where it is pointed at: on one of its lines, or in its middle."""
    person.page.mouse.move(5, 5)
    dy = person.row("layers", row)["height"] / 2 if line is None else None
    return person.wait(lambda: person.hover("layers", row, column, line or 0, dy), "a card")


def numbers(lines):
    """The values that a card tells, by their names."""
    pairs = (line.rsplit(": ", 1) for line in lines[1:])
    return {name: float(text.replace(",", "")) for name, text in pairs}


def five(values, counts):
    """Least, quartiles and greatest value."""
    ranks = np.array([0.25, 0.5, 0.75]) * (counts.sum() - 1)
    return np.concatenate(
        [values[:1], values[np.searchsorted(counts.cumsum(), ranks, side="right")], values[-1:]]
    )


def stored(tree, name, row):
    """A statistic of a row of the tree over the iterations, from the store."""
    nodes = tree["nodes"].to_dataset()
    place = int(np.flatnonzero(nodes["name"].values == row.removeprefix("node:"))[0])
    return nodes[name].values[place]


def test_bands_and_horizons_of_a_wide_run_stand_where_the_log_s_weights_do(
    person, wide_app, log, tree
):
    drawn(person, wide_app, "en=conv1&st=norm2&hb=3")
    names = ["minimum", "first quartile", "median", "third quartile", "maximum"]
    for row in (NETWORK, LAYER):
        for column in COLUMNS:
            shown = numbers(card(person, row, column))
            expected = dict(zip(names, five(*log.spread(column, row)), strict=True))
            assert list(shown) == names
            # Quartiles come from a histogram, within 1.6 %; what is small is told by three digits.
            assert shown == pytest.approx(expected, rel=0.021, abs=2e-6)
            for name in ("minimum", "maximum"):
                assert shown[name] == pytest.approx(expected[name], rel=0.005)
    # The drawn band: pale between extreme and quartile, darker between quartiles, ground beyond.
    box = person.row("layers", LAYER)
    kind, low, high = box["scale"]
    assert kind == "linear"
    for column in COLUMNS:
        least, q1, median, q3, most = five(*log.spread(column, LAYER))
        assert low <= least < most <= high

        def shade(value, column=column):
            y = 4 + (box["height"] - 8) * (high - value) / (high - low)
            return darkness(at(person, "layers", LAYER, column, y / box["height"]))

        outer, inner = shade((q3 + most) / 2), shade((median + q3) / 2)
        assert 0 < outer < inner < shade(median)
        assert outer == shade((least + q1) / 2)
    person.page.get_by_label("As", exact=True).select_option("horizon")
    for row in (NETWORK, LAYER):
        person.wait(lambda row=row: person.row("layers", row)["kind"] == "horizons", "horizons")
        norm = stored(tree, "norm2", row)
        far = 3 * (norm - norm.min()) / (norm.max() - norm.min())
        between = [column for column in range(24) if 0.25 < far[column] % 1 < 0.75]
        for column in (between[0], between[-1]):
            values, counts = log.spread(column, row)
            shown = numbers(card(person, row, column))
            exact = np.sqrt((values**2 * counts).sum())
            assert shown["norm 2"] == pytest.approx(exact, rel=1e-3)
            assert norm[column] == pytest.approx(exact, rel=1e-5)
            band, part = int(far[column]), far[column] % 1
            person.page.mouse.move(5, 5)
            assert at(person, "layers", row, column, 1 - part / 2) == HORIZON[band]
            above = at(person, "layers", row, column, (1 - part) / 2)
            assert above == (HORIZON[band - 1] if band else (255, 255, 255))
    assert person.errors == []


def test_histograms_of_a_wide_run_count_the_log_s_weights(person, wide_app, log, tree):
    drawn(person, wide_app, "e=histogram&lg=1&en=conv1")
    left = tree["nodes"].to_dataset()["bin_left"].values
    for row in (NETWORK, LAYER):
        lines = person.row("layers", row)["lines"]
        for column in COLUMNS:
            values, counts = log.spread(column, row)
            told_shares = []
            for line in (lines // 6, lines // 4, 4 * lines // 5):
                words, value = card(person, row, column, line)[:2]
                ends = re.search(r", (\S+) to (\S+), iteration", words).groups()
                low, high = (left[np.abs(left - float(end)).argmin()] for end in ends)
                # A bin holds its end that is nearer to zero.
                inside = (
                    (values >= low) & (values < high)
                    if low >= 0
                    else (values > low) & (values <= high)
                )
                share = counts[inside].sum() / counts.sum()
                shown = float(value.split(": ")[1].replace(",", ""))
                assert shown == pytest.approx(share, rel=0.006)
                told_shares.append((share, line))
            person.page.mouse.move(5, 5)
            shades = [
                darkness(at(person, "layers", row, column, (line + 0.5) / lines))
                for _, line in sorted(told_shares)
            ]
            assert shades == sorted(shades)
            assert shades[0] < shades[-1]
    assert person.errors == []


def test_filters_of_a_wide_layer_are_shaded_by_how_much_their_bytes_changed(person, wide_app, log):
    name = "layer4.0.conv1.weight"  # 512 filters of 1,024 weights: two share a line
    key = f"filters:{name}"
    drawn(person, wide_app, f'ls=layer4.0.conv1&on=["layer4.0.conv1","{name}"]&fs=column')
    row = person.wait(lambda: person.row("layers", key), "the filters")
    person.wait(lambda: person.state("layers")["is_sent"], "their pixels")
    assert row["lines"] == 256
    person.bring("layers", key)
    for column in COLUMNS:
        before, after = (
            log.weights(place, name).reshape(512, -1).astype(np.float64)
            for place in (column - 1, column)
        )
        change = np.linalg.norm(after - before, axis=1) / np.linalg.norm(before, axis=1)
        change = change.reshape(256, 2).max(axis=1)
        person.page.mouse.move(5, 5)
        shades = np.array(list(map(darkness, column_of(person, "layers", key, column))))
        # A pixel shows the line under its middle, unless that is where two lines meet.
        place = (np.arange(len(shades)) + 0.5) * 256 / row["height"]
        clear = np.abs(place % 1 - 0.5) < 0.3
        lines, shades = place[clear].astype(int), shades[clear]
        assert len(set(lines)) > 100
        by_change = shades[np.argsort(change[lines])]
        # Neighbours of 255 colours may change places, as numbers are rounded.
        assert np.all(np.diff(by_change) >= -6)
        assert by_change[-1] > by_change[0] + 300
        words, value = card(person, key, column, 40)[:2]
        assert "filters 80 … 81" in words
        assert float(value.split(": ")[1]) == pytest.approx(change[40], rel=0.006)
    assert person.errors == []


def point(person, x, y):
    """Point at a place of the raster: iteration, place and value that the card tells."""
    before = told(person)

    def tells():
        person.page.mouse.move(x - 3, y)
        person.page.mouse.move(x, y)
        return len(found := told(person)) == 3 and found != before and found

    return person.wait(tells, "a card")


def test_single_weights_of_a_wide_run_are_the_log_s_own_bytes(person, wide_app, log):
    name, shape = "layer3.0.conv2.weight", (256, 256, 3, 3)
    state = opened(person, wide_app, f"p={name}&z=[4,20,300000,300040]")
    assert state.get_attribute("data-exact") == "1"
    x, y = centre(person)
    for dx, dy in ((0, 0), (-260, -90), (260, 120)):
        iteration, where, shown = point(person, x + dx, y + dy)
        column = int(iteration.replace(",", "")) // 1600
        weight = int(re.search(r"weight ([\d,]+)", where)[1].replace(",", ""))
        assert 300_000 <= weight < 300_040
        place = [int(index) for index in np.unravel_index(weight, shape)]
        assert f"filter {place[0]}, channel {place[1]}, kernel ({place[2]}, {place[3]})" in where
        assert shown.endswith("(exact)")
        assert np.float32(shown.split()[0]) == pytest.approx(
            log.weights(column, name)[weight], rel=1e-6
        )
    assert person.errors == []


def test_a_wide_raster_is_coloured_by_the_pyramid_s_means(person, wide_app, log, tree):
    name = "layer3.0.conv2.weight"
    # As many rows of the finest level as the raster has pixels.
    state = opened(person, wide_app, f"p={name}&z=[0,24,32000,40320]")
    number = int(state.get_attribute("data-level"))
    level = tree[f"weights/{number}"]
    per = int(level.attrs["weights_per_row"])
    table = tree["parameters"].to_dataset().set_index(parameter="name").sel(parameter=name)
    first, count = (int(table[what].sel(level=number)) for what in ("first_row", "rows"))
    rows = level.to_dataset()["weight"].isel(row=slice(first, first + count))
    means = rows.sel(statistic="mean").values
    x, y = centre(person)
    point(person, x, y)  # it is drawn
    person.page.mouse.move(5, 5)
    cards = person.page.locator(".bk-tooltip-row-value")
    person.wait(lambda: not any(card.is_visible() for card in cards.all()), "the card to go")
    clean = person.page.screenshot()
    found = []
    for step in range(24):
        # The middle of a pixel of the screen.
        across, down = int(x) + 0.5, int(y) - 100 + 10 * step + 0.5
        iteration, where, shown = point(person, across, down)
        column = int(iteration.replace(",", "")) // 1600
        ends = re.search(r"weights ([\d,]+) to ([\d,]+)", where).groups()
        low, high = (int(end.replace(",", "")) for end in ends)
        assert high - low + 1 == per
        exact = log.weights(column, name)[low : high + 1].mean(dtype=np.float64)
        value = float(shown.split()[0])
        assert value == pytest.approx(exact, rel=1e-3 + level.attrs["relative_error"])
        assert value == pytest.approx(means[low // per, column], rel=1e-3)
        # Rows are closer than pixels: the one that is drawn may be the next.
        near = means[low // per - 1 : low // per + 2, column]
        if (np.sign(near) == np.sign(value)).all():
            found.append((value, colour_of(clean, across, down)))
    assert min(found)[0] < 0 < max(found)[0]
    for value, (red, _, blue) in found:
        assert (red > blue) == (value > 0)
    assert person.errors == []


def colour_of(screenshot, x, y):
    """The colour of a pixel of a screenshot."""
    return Image.open(io.BytesIO(screenshot)).convert("RGB").getpixel((int(x), int(y)))
