"""The tables of the info view lead to their places, sort and filter."""

import pytest
from tools import link

from deeptracker.dashboard.data.run import Run


@pytest.fixture
def run(digits_store):
    return Run(str(digits_store))


# A test of the links holds it in CI.
@pytest.mark.thorough
def test_a_finding_leads_to_its_place_and_time(person, app, run):
    person.open(app + link(view="info", window=(0, 100)))
    rows = person.wait(lambda: person.state("findings")["rows"], "the findings")
    assert len(rows) == len(run.array("health/rule"))
    nodes = run.array("health/node")
    at, node = next(
        (int(run.array("health/at_iteration")[i]), str(nodes[i]))
        for i in range(len(nodes))
        if nodes[i] and run.array("health/at_iteration")[i] > 100
    )
    message = next(row[4] for row in rows if row[3] == node and row[1] == at)
    person.page.get_by_text(message, exact=True).click()
    person.wait(lambda: person.state("timeline")["picked"] == [run.column(at)], "its time")
    person.wait(lambda: f"node:{node}" in person.state("layers")["selected"], "its place")
    person.wait(lambda: person.state("timeline")["first"] == 0, "a window that shows it")


def test_parameters_sort_by_size_and_findings_filter_by_severity(person, app, run):
    person.open(app + link(view="info"))
    person.wait(lambda: person.state("parameters")["rows"], "the parameters")
    person.page.get_by_role("button", name="weights", exact=True).click()
    sizes = run.nodes["size"][run.nodes["kind"] == "parameter"]
    person.wait(
        lambda: (
            [row[-2] for row in person.state("parameters")["rows"]] == sorted(sizes, reverse=True)
        ),
        "the largest first",
    )
    severities = run.array("health/severity")
    chosen = str(severities[0])
    count = int((severities == chosen).sum())
    person.page.get_by_label("Severity").select_option(f"{chosen} ({count})")
    person.wait(lambda: len(person.state("findings")["rows"]) == count, "that severity alone")
