"""What a link is followed on: a run, what is picked, what is in sight."""

from dataclasses import dataclass
from urllib.parse import unquote

import pytest

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.strongest_cells import strongest
from deeptracker.dashboard.views.registry import linked

SIGHT = 560  # CSS pixels of the list of classes

# CI follows each link on one run: on the wide one where rows are scrolled to or share lines.
LATER = {name: pytest.param(name, marks=pytest.mark.thorough) for name in ("digits", "resnet50")}
on_digits = pytest.mark.parametrize("subject", ["digits", LATER["resnet50"]], indirect=True)
on_wide = pytest.mark.parametrize("subject", [LATER["digits"], "resnet50"], indirect=True)


@dataclass(frozen=True)
class Subject:
    """A served run, and where it is eventful.

    Attributes
    ----------
    column : int
        Where most filters are anomalous, and some image is.
    class_ : str
        The class that has most anomalous images there, not the first of all.
    layer : str
        The layer that has most anomalous filters there.
    """

    address: str
    run: Run
    column: int
    class_: str
    layer: str

    @property
    def iteration(self):
        return int(self.run.iterations[self.column])

    @property
    def parameter(self):
        """The layer's weight."""
        return self.run.filtered_parameters(self.run.node(self.layer))[0]

    def link(self, **values):
        return f"{self.address}?{linked(**values).to_query()}"


def subject_of(address, store):
    """Give a served run, with its strongest cell as the place to follow links at."""
    run = Run(str(store))
    best = strongest(run, "left", 5)[0]
    return Subject(address, run, run.column(best.iteration), best.class_, best.layer)


def address(person):
    """Give the query string as people read it."""
    return unquote(person.query())


def go(person, view):
    """Open a view by its tab."""
    person.page.locator(f"[data-testid=head-a] [role=tab][data-view={view}]").click()


def go_back(person):
    """Go to the view that tests open, and wait for the link: a page that tests share is left so."""
    go(person, "validation")
    person.wait(
        lambda: person.query().startswith("v=validation") or "v=" not in person.query(), "it"
    )
    person.wait(lambda: person.state("head-a")["view"] == "validation", "the view")


def picked(person, *charts, columns):
    """Wait until charts show columns as picked."""
    for chart in charts:
        person.wait(
            lambda chart=chart: person.state(chart)["picked"] == columns, f"{chart}: {columns}"
        )


def layer_in_sight(person, name):
    def shown():
        state, row = person.state("layers"), person.row("layers", f"node:{name}")
        return (
            f"node:{name}" in state["selected"]
            and state["scrolled"] <= row["top"] <= state["scrolled"] + 680
        )

    person.wait(shown, f"layer {name} in sight")


def class_in_sight(person, name):
    def shown():
        state, row = person.state("validation"), person.row("validation", f"class:{name}")
        return (
            f"class:{name}" in state["selected"]
            and state["scrolled"] <= row["top"] <= state["scrolled"] + SIGHT
        )

    person.wait(shown, f"class {name} in sight")


def image_in_sight(person, image):
    def shown():
        state = person.state("validation")
        row = next(row for row in state["rows"] if image in row["members"])
        line = row["top"] + row["height"] * row["members"].index(image) / row["lines"]
        return state["opened"] == [image] and 0 <= line - state["scrolled"] <= SIGHT

    person.wait(shown, f"image {image} in sight")


def class_pick(cube, subject):
    number = subject.run.class_names.index(subject.class_)
    cube.person.wait(
        lambda: cube.person.state("cube")["picks"]["class_"] == number, "the class in the cube"
    )
