"""The tools of a view's head: pressed, and what they save; and the link to a choice."""

from deeptracker.dashboard.views.registry import linked


def head(person, pane="a"):
    return person.element(f"head-{pane}")


def tool(person, label, pane="a"):
    return head(person, pane).query_selector(f"button[aria-label^='{label}']")


def saved(person, label, pane="a"):
    """Press a tool that saves a file, and give the file's name and content."""
    with person.page.expect_download() as waiting:
        tool(person, label, pane).click()
    return waiting.value.suggested_filename, waiting.value.path().read_bytes()


def link(**values):
    return "?" + linked(**values).to_query()
