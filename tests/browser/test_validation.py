"""The validation view in a browser: on the digits run, and on a run of 1,000 classes."""


def test_a_thousand_classes_have_a_line_each(person, wide_app):
    person.open(wide_app)
    state = person.wait_for("validation")
    assert len(state["rows"]) == 1001
