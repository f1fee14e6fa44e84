"""Hostile bodies end at the door with a sentence, whatever they hold."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fom.domain.json_bounds import DEPTH_MAX, VERTICES_MAX, check_value
from fom.errors import InvalidInput


def nested(depth: int) -> object:
    value: object = 0
    for _ in range(depth):
        value = [value]
    return value


def test_a_nest_at_the_limit_passes_and_one_deeper_does_not():
    check_value(nested(DEPTH_MAX))
    with pytest.raises(InvalidInput):
        check_value(nested(DEPTH_MAX + 1))


def test_as_many_positions_as_allowed_pass_and_one_more_does_not():
    check_value({"coordinates": [[1.0, 2.0]] * VERTICES_MAX})
    with pytest.raises(InvalidInput, match="positions"):
        check_value({"coordinates": [[1.0, 2.0]] * (VERTICES_MAX + 1)})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_none_is_refused_with_its_path(value: float):
    with pytest.raises(InvalidInput, match=r"body\.records\[0\]\.x"):
        check_value({"records": [{"x": value}]})


def test_a_nul_in_a_text_or_a_name_is_refused():
    for body in ({"words": "a\x00b"}, {"a\x00b": 1}):
        with pytest.raises(InvalidInput, match="NUL"):
            check_value(body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=30,
)


@given(json_values)
def test_any_json_value_passes_or_is_refused(value: object):
    with suppress(InvalidInput):
        check_value(value)
