"""The page that lists the runs."""

from dashboard.home import home


def test_numbers_stand_to_the_right_of_their_columns(run):
    page = home({"digits": run.location})
    header, table = page.objects
    assert header.facts["iterations"] == "1 run"
    assert "<th scope='col' class='dt-number'>iterations</th>" in table.object
    assert f"<td class='dt-number'>{len(run.iterations):,}</td>" in table.object
    assert table.object.count("<td class='dt-number'>") == 4
    assert "<td>DigitsResNet</td>" in table.object
