"""The classification string of a route: parts to text and back, and parts out of what is recorded."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fom.domain.route_class import Obstacles, RouteClass, classify, parse_route_class, with_stated
from fom.errors import InvalidInput

tenths = st.none() | st.integers(0, 999).map(lambda n: n / 10)
classes = st.builds(
    RouteClass,
    width_m=tenths,
    road_type=st.sampled_from([None, "X", "Y", "Z"]),
    mlc=st.none() | st.integers(0, 150),
    clearance_m=tenths,
    is_obstructed=st.none() | st.booleans(),
    weather=st.sampled_from([None, "", "T", "W"]),
)


@given(classes)
def test_what_is_printed_reads_back_as_the_same_parts(parts: RouteClass):
    assert parse_route_class(str(parts)) == parts


@given(classes, st.sampled_from(["", " ", "  "]), st.booleans(), st.booleans())
def test_spaces_small_letters_and_a_comma_change_nothing(parts: RouteClass, gap: str, is_small: bool, has_comma: bool):
    text = str(parts).replace("/", f"{gap}/{gap}").replace("(", f"{gap}(")
    text = text.lower() if is_small else text
    assert parse_route_class(text.replace(".", ",") if has_comma else text) == parts


@given(st.text(max_size=30))
def test_any_other_text_is_refused_in_words_or_is_such_a_string(text: str):
    with suppress(InvalidInput):
        parts = parse_route_class(text)
        assert parse_route_class(str(parts)) == parts


def test_the_example_of_the_doctrine_reads_and_prints():
    parts = RouteClass(6.7, "Y", 30, 5.0, is_obstructed=True, weather="W")
    assert parse_route_class("6.7m/Y/30/5m(OB)(W)") == parts
    assert str(parts) == "6.7m/Y/30/5m(OB)(W)"


@pytest.mark.parametrize(
    "text", ["", "6.7m/Y/30", "6.7/Y/30/5m", "6.7m/Q/30/5m", "6.7m/Y/30/5m(W)(OB)", "6.75m/Y/30/5m"]
)
def test_a_string_of_another_form_is_refused(text: str):
    with pytest.raises(InvalidInput):
        parse_route_class(text)


def recorded(widths, kinds, bridges, sections, clearances, *, has_ford=False, **more) -> RouteClass:
    return classify(widths, kinds, bridges, sections, clearances, has_ford=has_ford, **more)[0]


def test_the_lowest_bridge_counts_and_without_bridges_the_worst_section():
    assert str(recorded([8.0], ["X"], [40.0, 30.9], [20.0], [])) == "8m/X/30/?(OB?)(T/W?)"
    assert str(recorded([8.0], ["X"], [], [60.0, 20.0], [])) == "8m/X/20/?(OB?)(T/W?)"


def test_one_bridge_without_a_class_leaves_the_class_unknown():
    assert recorded([8.0], ["X"], [40.0, None], [60.0], []).mlc is None


def test_one_stretch_without_a_width_or_type_leaves_it_unknown():
    found = recorded([8.0, None], ["X", None], [], [], [])
    assert (found.width_m, found.road_type) == (None, None)


@pytest.mark.parametrize(
    ("width", "clearance", "has_ford", "expected"),
    [(7.3, 4.3, False, False), (7.29, 4.3, False, True), (7.3, 4.29, False, True), (7.3, 4.3, True, True)],
)
def test_what_counts_as_an_obstruction(width: float, clearance: float, has_ford: bool, expected: bool):
    found = recorded([width], ["X"], [40.0], [], [clearance], has_ford=has_ford, is_steep=False, is_sharp=False)
    assert found.is_obstructed is expected


@pytest.mark.parametrize("missing", ["is_steep", "is_sharp", "width"])
def test_without_gradients_curves_or_widths_nobody_says_that_there_is_no_obstruction(missing: str):
    looked = {"is_steep": False, "is_sharp": False} | ({missing: None} if missing != "width" else {})
    found, obstacles = classify([None if missing == "width" else 8.0], ["X"], [], [], [], has_ford=False, **looked)
    assert found.is_obstructed is None
    assert None in (obstacles.is_steep, obstacles.is_sharp, obstacles.is_narrow)


def test_one_obstacle_is_enough_whatever_is_not_recorded():
    assert Obstacles(is_steep=True).is_any is True
    assert recorded([None], ["X"], [], [], [], is_sharp=True).is_obstructed is True


def test_figures_are_rounded_down():
    found = recorded([6.79], ["Y", "Z", "X"], [12.9], [], [4.99])
    assert str(found) == "6.7m/Z/12/4.9m(OB)(T/W?)"


def test_what_engineers_state_fills_what_is_not_recorded_and_never_betters_what_is():
    stated = parse_route_class("5m/Y/40/4m(W)")
    assert str(with_stated(RouteClass(6.7, "Z", 30), stated)) == "5m/Z/30/4m(W)"
    assert str(with_stated(RouteClass(), stated)) == "5m/Y/40/4m(W)"
    assert with_stated(RouteClass(is_obstructed=True), stated).is_obstructed is True
    assert with_stated(RouteClass(is_obstructed=False), parse_route_class("?/?/?/?(OB)")).is_obstructed is True


@given(classes, classes)
def test_a_stated_class_never_makes_a_route_better(first: RouteClass, second: RouteClass):
    both = with_stated(first, second)
    for name in ("width_m", "mlc", "clearance_m"):
        known = [v for v in (getattr(first, name), getattr(second, name)) if v is not None]
        assert getattr(both, name) == min(known, default=None)
    if True in (first.is_obstructed, second.is_obstructed):
        assert both.is_obstructed is True
