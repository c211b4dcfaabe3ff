"""Every link between views: what is chosen in one place is shown in all others.

Expected values are computed from the stores, so each test holds on both runs.
"""

import re

import numpy as np
import pytest
from cube_reader import CubeReader
from link_subject import (
    address,
    class_in_sight,
    class_pick,
    go,
    image_in_sight,
    layer_in_sight,
    on_digits,
    on_wide,
    picked,
    subject_of,
)

from deeptracker.dashboard.data.class_series import named_class
from deeptracker.dashboard.data.cube_numbers import layer_names
from deeptracker.dashboard.data.filter_series import read_filters
from deeptracker.dashboard.data.image_histories import (
    image_forgetting,
    image_list,
    images_of_class,
    neighbours,
)
from deeptracker.dashboard.data.strongest_cells import strongest
from deeptracker.dashboard.data.top_filters import top_filters


@pytest.fixture
def subject(request):
    names = {"digits": ("app", "digits_store"), "resnet50": ("wide_app", "wide_store")}
    return subject_of(*map(request.getfixturevalue, names[request.param]))


@pytest.fixture
def cube(person):
    return CubeReader(person)


@on_digits
def test_the_timeline_s_window_and_pick_reach_every_view(person, subject):
    run = subject.run
    person.open(subject.link(view="layers", split="beside", second="correlation"))
    person.wait_for("layers")
    person.wait_for("cube")
    first, last = max(0, subject.column - 3), min(len(run.iterations) - 1, subject.column + 6)
    x, y = person.bring("timeline", "loss")
    person.page.mouse.move(x + person.column_x("timeline", first), y + 20)
    person.page.mouse.down()
    person.page.mouse.move(x + person.column_x("timeline", last), y + 20, steps=5)
    person.page.mouse.up()
    shown = {"first": first, "last": last}
    for chart in ("timeline", "layers"):
        person.wait(lambda chart=chart: person.state(chart).items() >= shown.items(), chart)
    time = shown | {"last": last + 1}
    person.wait(lambda: person.state("cube")["windows"]["time"] == time, "the cube's window")
    person.click("timeline", "loss", subject.column, line=-1)
    picked(person, "timeline", "layers", columns=[subject.column])
    person.wait(
        lambda: person.state("cube")["picks"]["iteration"] == subject.column, "the cube's slice"
    )
    tops = [list(top.key) for top in top_filters(run, subject.column)]
    person.wait(
        lambda: [link["key"] for link in person.state("top-filters")[0]["links"]] == tops,
        "the filters that changed most there",
    )
    # Views that were never open find the same.
    go(person, "validation")
    person.wait(lambda: person.state("validation").items() >= shown.items(), "validation")
    picked(person, "validation", "validation-whole", columns=[subject.column])
    go(person, "weights")
    raster = person.wait(lambda: person.element("raster-state"), "the raster")
    assert f"{last - first + 1} iterations" in raster.inner_text()
    go(person, "gallery")
    tiles = person.wait(lambda: person.state("gallery")["tiles"], "the gallery")
    correct = run.part("images/correct", slice(0, 60), subject.column)
    assert [t["state"] for t in tiles] == ["right" if right else "wrong" for right in correct]
    assert person.errors == []


@on_wide
def test_a_class_s_heat_line_picks_class_and_iteration_everywhere(person, cube, subject):
    person.open(subject.link(split="beside", second="correlation"))
    cube.settled()
    person.wait_for("validation")
    key = f"class:{subject.class_}"
    number = sorted(subject.run.class_names).index(subject.class_)
    person.element("validation").evaluate(
        "(e, top) => { e.querySelector('.dt-scroll').scrollTop = top }", 20 * number - 100
    )
    person.wait(lambda: person.row("validation", key), "the class's line")
    person.click("validation", key, subject.column)
    picked(person, "validation", "timeline", columns=[subject.column])
    class_pick(cube, subject)
    cube.settled(cut=True)
    assert person.state("cube")["picks"]["iteration"] == subject.column
    # Its name unfolds its images.
    person.click_label("validation", key)
    images = images_of_class(
        subject.run, subject.run.class_names.index(subject.class_), "forgetting"
    )
    row = person.wait(lambda: person.row("validation", f"images:0:{subject.class_}"), "the images")
    assert row["members"] == images[:64].tolist()


@on_wide
def test_images_lead_to_their_card_their_class_and_their_like(person, subject):
    run = subject.run
    found = image_forgetting(run)
    person.open(subject.link(image_list="unforgettable"))
    unforgettable = image_list("unforgettable", found)
    wanted = [str(image) for image in unforgettable[:24]]
    person.wait(
        lambda: [tile["id"] for tile in person.state("image-list")["tiles"]] == wanted, "the list"
    )
    person.page.locator(f"button[data-id='{wanted[5]}']").first.click()

    def card(image):
        element = person.element("image-card")
        return element and element.get_attribute("data-image") == str(image)

    person.wait(lambda: card(wanted[5]), "the image of the list")
    image_in_sight(person, int(wanted[5]))
    # Its card: the history picks an iteration, a neighbour opens in turn.
    person.wait(lambda: person.state("image-history")["rows"], "its history")
    person.click("image-history", "outcome", subject.column, line=0)
    picked(person, "image-history", "timeline", "validation", columns=[subject.column])
    other = neighbours(run, int(wanted[5]))[0].image
    person.wait(
        lambda: person.state("neighbours")["tiles"][0]["id"] == str(other), "its neighbours"
    )
    person.page.locator(f"button[data-id='{other}']").first.click()
    person.wait(lambda: card(other), "the neighbour")
    image_in_sight(person, other)
    # Back to the lists, and on to all of one in the gallery.
    person.page.get_by_text("← Lists").click()
    images = image_list("forgotten", found)
    assert len(images) > 24
    person.page.get_by_text(f"forgotten {len(images):,}", exact=True).click()
    person.page.get_by_text(f"All {len(images):,} in the gallery").click()
    person.wait(
        lambda: (
            [int(tile["id"]) for tile in person.state("gallery")["tiles"]] == images[:60].tolist()
        ),
        "the list in the gallery",
    )
    assert person.errors == []


@on_wide
def test_a_layer_leads_to_its_filters_the_cube_and_single_weights(person, cube, subject):
    run, layer, parameter = subject.run, subject.layer, subject.parameter
    person.open(subject.link(view="layers", layer_search=layer, iterations=[subject.iteration]))
    person.wait(lambda: person.row("layers", f"node:{layer}"), "the layer")
    person.click_label("layers", f"node:{layer}")
    row = person.wait(lambda: person.row("layers", f"filters:{parameter}"), "its filters")
    # The list of top filters is now of this layer alone.
    tops = [list(top.key) for top in top_filters(run, subject.column, within=[layer])]
    person.wait(
        lambda: [link["key"] for link in person.state("top-filters")[0]["links"]] == tops,
        "the layer's top filters",
    )
    # A click on a pixel takes the filter of the greatest change on that line.
    change = read_filters(run, parameter, "change_relative_norm2")[:, subject.column]
    per_line = -(-len(change) // 360)
    aimed = row["lines"] - 2
    person.click("layers", f"filters:{parameter}", subject.column, line=aimed)
    found = person.wait(
        lambda: re.search(rf'f=\[\["{re.escape(parameter)}",(\d+)', address(person)), "the filter"
    )
    chosen = int(found[1])
    line = chosen // per_line
    assert abs(line - aimed) <= 1  # a line may be one pixel high
    members = np.arange(line * per_line, min((line + 1) * per_line, len(change)))
    assert change[chosen] == change[members].max()
    person.wait(
        lambda: [line, "picked"] in person.row("layers", f"filters:{parameter}")["marks"],
        "the mark",
    )
    person.page.get_by_text("Weights of the picked filter").click()
    raster = person.wait(lambda: person.element("raster-state"), "the raster")
    shape = [int(n) for n in str(run.nodes["shape"][run.node(parameter)]).split("x")]
    size = int(np.prod(shape[1:]))
    assert int(raster.get_attribute("data-first")) <= chosen * size
    assert int(raster.get_attribute("data-last")) >= (chosen + 1) * size
    assert int(raster.get_attribute("data-last")) <= (chosen + 2) * size
    person.wait(
        lambda: (
            [entry["id"] for entry in person.state("filter-rasters")["rows"]]
            == [f"raster:{parameter}:{chosen}"]
        ),
        "the filter to compare",
    )
    go(person, "correlation")
    state = cube.settled(cut=True)
    assert layer_names(run)[state["picks"]["layer"]] == layer
    assert state["picks"]["iteration"] == subject.column
    assert person.errors == []


@on_digits
def test_a_weight_leads_to_its_filter_in_the_tree_and_to_an_iteration(person, subject):
    run, parameter = subject.run, subject.parameter
    shape = [int(n) for n in str(run.nodes["shape"][run.node(parameter)]).split("x")]
    size = int(np.prod(shape[1:]))
    reach = (0.0, float(len(run.iterations)), 1.0 * size, 2.0 * size)
    person.open(subject.link(view="weights", raster=parameter, raster_range=reach))
    person.wait(lambda: person.element("raster-state"), "the raster")
    box = person.page.locator(".bk-Figure").first.bounding_box()
    person.page.mouse.click(box["x"] + 196 + (box["width"] - 216) / 2, box["y"] + 180)
    told = person.wait(lambda: person.element("clicked-weight"), "the weight").inner_text()
    filter_ = int(re.search(r"filter (\d+)", told)[1])
    assert filter_ == 1
    person.page.get_by_text(f"Compare filter {filter_} below").click()
    key = f"raster:{parameter}:{filter_}"
    person.wait(lambda: person.row("filter-rasters", key), "the compared filter")
    person.click("filter-rasters", key, subject.column, line=-1)
    picked(person, "filter-rasters", "timeline", columns=[subject.column])
    go(person, "layers")
    person.wait_for("layers")
    person.page.get_by_label("Find layers").fill(subject.layer)
    person.page.get_by_label("Find layers").press("Enter")
    person.wait(lambda: person.row("layers", f"node:{parameter}"), "the parameter")
    person.click_label("layers", f"node:{parameter}")
    person.wait(
        lambda: (
            "picked" in dict(map(reversed, person.row("layers", f"filters:{parameter}")["marks"]))
        ),
        "the mark of the filter",
    )
    assert person.errors == []


@on_digits
def test_cells_of_the_cube_lead_to_class_layer_and_iteration(person, cube, subject):
    run = subject.run
    number, place = run.class_names.index(subject.class_), layer_names(run).index(subject.layer)
    window = (max(0, number - 5), min(len(run.class_names), number + 5))
    cube.person.open(
        subject.link(
            view="correlation", cube_flat=100, cube_classes=window, split="beside", second="layers"
        )
    )
    cube.settled()
    person.wait_for("layers")
    cube.click("front", number, place)
    class_pick(cube, subject)
    assert person.state("cube")["picks"]["layer"] == place
    layer_in_sight(person, subject.layer)
    cube.click("side", subject.column, place)
    picked(person, "timeline", "layers", columns=[subject.column])
    go(person, "validation")
    class_in_sight(person, subject.class_)
    picked(person, "validation", columns=[subject.column])
    assert person.errors == []


@on_digits
def test_a_strong_triple_leads_to_class_layer_iteration_and_filter(person, cube, subject):
    run = subject.run
    triples = strongest(run, "left", 5)
    person.open(subject.link(view="correlation", split="beside", second="layers"))
    rows = person.wait(lambda: person.state("triples")["rows"], "the triples")
    assert [(row["class_"], row["layer"]) for row in rows] == [
        (triple.class_, triple.layer) for triple in triples
    ]
    last = triples[-1]
    buttons = person.element("triples").query_selector_all("tbody tr:last-child button")
    buttons[1].click()
    layer_in_sight(person, last.layer)
    picked(person, "timeline", "layers", columns=[run.column(last.iteration)])
    state = cube.settled(cut=True)
    assert run.class_names[state["picks"]["class_"]] == last.class_
    assert f'f=[["{last.parameter}",{last.filter}]]' in address(person)
    # From the filter to its weights, and to the class's line.
    person.page.get_by_text("Weights of the picked filter").click()
    key = f"raster:{last.parameter}:{last.filter}"
    person.wait(lambda: person.row("filter-rasters", key), "its weights")
    go(person, "validation")
    class_in_sight(person, last.class_)
    assert person.errors == []


@on_digits
def test_the_gallery_leads_to_classes_and_images(person, subject):
    run = subject.run
    name = run.class_names[3]
    person.open(subject.link(view="gallery", gallery_of="classes", iterations=[subject.iteration]))
    tiles = person.wait(lambda: person.state("gallery")["tiles"], "the classes")
    assert [tile["id"] for tile in tiles] == [f"class:{n}" for n in run.class_names[:60]]
    error = run.array("classes/error")[:, subject.column]
    size = run.array("classes/size")
    assert [tile["caption"] for tile in tiles] == [
        f"{error[n]:.0%} wrong of {size[n]:,}" for n in range(len(tiles))
    ]
    person.page.locator(f"button[data-id='class:{name}']").click()
    images = np.flatnonzero(run.array("images/label") == 3)[:60]
    person.wait(
        lambda: [tile["id"] for tile in person.state("gallery")["tiles"]] == list(map(str, images)),
        "the images of the class",
    )
    person.page.locator(f"button[data-id='{images[-1]}']").first.click()
    card = person.wait(lambda: person.element("image-card"), "the image")
    assert int(card.get_attribute("data-image")) == images[-1]
    image_in_sight(person, int(images[-1]))
    assert person.errors == []


@on_digits
def test_info_leads_to_findings_parameters_and_classes(person, subject):
    run = subject.run
    # Searches that hide what is led to are cleared.
    hiding = {"layer_search": "no such layer", "class_search": "no such class"}
    person.open(subject.link(view="info", window=(0, int(run.iterations[2])), **hiding))
    rows = person.wait(lambda: person.state("findings")["rows"], "the findings")
    place = next(n for n, row in enumerate(rows) if run.column(row[1]) > 2 and run.node(row[3]))
    _, at, _, node, _ = rows[place]
    person.element("findings").query_selector_all("tbody tr")[place].click()
    picked(person, "timeline", columns=[run.column(at)])
    layer_in_sight(person, node)
    person.wait(lambda: person.state("layers")["last"] == len(run.iterations) - 1, "its window")
    go(person, "info")
    parameter = str(run.nodes["name"][run.nodes["kind"] == "parameter"][-3])
    person.element("parameters").query_selector(f"td:text-is('{parameter}')").click()
    layer_in_sight(person, parameter)
    go(person, "info")
    name = run.class_names[-2]
    person.element("classes").query_selector(f"td:text-is('{name}')").click()
    class_in_sight(person, name)
    assert person.errors == []


@on_digits
def test_search_leads_to_views_classes_layers_and_weights(person, subject):
    def search(words, kind, label):
        person.page.keyboard.press("/")
        person.page.keyboard.type(words)
        dialog = person.page.get_by_role("dialog")
        found = dialog.get_by_role("option").filter(has_text=kind).filter(has_text=label)
        person.wait(found.count, f"{kind} {label}")
        found.first.click()

    person.open(subject.link())
    person.wait_for("validation")
    search(subject.parameter, "weights", subject.parameter)
    state = person.wait(lambda: person.element("raster-state"), "the raster")
    size = subject.run.nodes["size"][subject.run.node(subject.parameter)]
    assert f"of {size:,}" in state.inner_text()
    search(subject.layer, "layer", subject.layer)
    layer_in_sight(person, subject.layer)
    search("gallery", "view", "Gallery")
    person.wait_for("gallery")
    search(subject.class_, "class", subject.class_)
    class_in_sight(person, subject.class_)
    person.wait(lambda: person.row("validation", f"images:0:{subject.class_}"), "its images")
    assert person.errors == []


@on_digits
def test_what_is_picked_is_listed_and_dropped_one_by_one(person, cube, subject):
    values = {"iterations": [subject.iteration], "classes": [subject.class_]}
    window = (int(subject.run.iterations[1]), int(subject.run.iterations[-1]))
    person.open(
        subject.link(
            view="correlation",
            nodes=[subject.layer],
            filters=[[subject.parameter, 1]],
            window=window,
            **values,
        )
    )
    cube.settled(cut=True)
    class_pick(cube, subject)
    for words, key in (
        (f"iteration {subject.iteration:,}", "i="),
        (named_class(subject.class_), "c="),
        (f"{subject.parameter} filter 1", "f="),
        (subject.layer, "n="),
        (f"iterations {window[0]:,} to {window[1]:,}", "w="),
    ):
        person.page.get_by_role("button", name=f"Drop {words}").click()
        person.wait(
            lambda key=key: f"&{key}" not in f"&{person.query()}", f"a link without {words}"
        )
    whole = {"first": 0, "last": len(subject.run.iterations)}
    cube.settled(cut=False, picks={"class_": -1, "layer": -1, "iteration": -1})
    person.wait(lambda: person.state("cube")["windows"]["time"] == whole, "the cube's whole run")
    person.wait(lambda: person.state("timeline")["picked"] == [], "a timeline without a pick")
