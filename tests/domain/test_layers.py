"""Does a layered dictionary behave like a dictionary, and do copies stay apart, whatever is done to them?"""

from hypothesis import given
from hypothesis import strategies as st

from fom.domain import layers
from fom.domain.layers import Layered

KEYS = st.integers(0, 12)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), KEYS, st.integers()),
        st.tuples(st.just("pop"), KEYS, st.none()),
        st.tuples(st.just("copy"), st.integers(0, 3), st.none()),
        st.tuples(st.just("turn"), st.integers(0, 3), st.none()),
    ),
    max_size=60,
)


@given(STEPS, st.integers(0, 6))
def test_every_copy_is_what_a_copied_dictionary_is_in_content_and_order(steps, fold_after):
    before, layers.FOLD_AFTER = layers.FOLD_AFTER, fold_after
    try:
        pairs = [({}, Layered())]
        at = 0
        for step, key, value in steps:
            plain, layered = pairs[at]
            if step == "set":
                plain[key] = layered[key] = value
            elif step == "pop":
                assert plain.pop(key, "none") == layered.pop(key, "none")
            elif step == "copy":
                pairs.append((plain.copy(), layered.copy()))
            else:
                at = key % len(pairs)
            for one, other in pairs:
                assert list(one.items()) == list(other.items())
                assert len(one) == len(other)
                assert [k in one for k in range(13)] == [k in other for k in range(13)]
    finally:
        layers.FOLD_AFTER = before
