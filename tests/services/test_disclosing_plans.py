"""A plan names hazards only to those who may see them."""

from fom.domain.access import Access
from fom.services.disclosure import disclose_plan
from tests.services.people import AMINA, PARTNER


class Records:
    """Who may see which record."""

    def access_of(self, thing_id: str) -> Access:
        return Access("confidential" if thing_id == "secret" else "unclassified")


def test_a_hazard_that_a_viewer_may_not_see_is_named_neither_by_an_alternate_nor_by_a_trade_off():
    way = {"avoids": ["secret", "open"], "meets": ["secret"], "words": "+22 min"}
    plan = {"best": {"state": "AMBER"}, "alternates": [{"comparison": dict(way)}], "trade_offs": [{"trade_off": way}]}
    told = disclose_plan(plan, actor=PARTNER, host=Records())
    expected = {"avoids": ["open"], "meets": [], "words": "+22 min"}
    assert told == {**plan, "alternates": [{"comparison": expected}], "trade_offs": [{"trade_off": expected}]}
    assert disclose_plan(plan, actor=AMINA, host=Records()) == plan
