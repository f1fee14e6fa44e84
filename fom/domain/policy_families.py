"""The families of parameters: unit, bounds, meaning, source and the reason of the defaults, each told once.

Source: doctrine, sections 2 and 3; what is marked (J) is project judgement.
"""

from __future__ import annotations

from dataclasses import dataclass

HOURS, METRES, TONNES, DAYS, SHARE, CLASS, WORD = "h", "m", "t", "d", "share", "class", "word"
"""Units; a share lies between 0 and 1."""
SECTIONS = {
    "2": "Grades", "3.1": "Verification", "3.2": "Explosive hazards and places", "3.3": "Physical limits",
    "3.4": "Human control", "3.5": "Risk", "3.6": "Manual states", "vehicles": "Vehicle and foot classes",
}  # fmt: skip
"""Section of the doctrine -> heading, in the order of pages and tables."""


@dataclass(frozen=True, slots=True)
class Family:
    """What one member of `Policy`, of an incident weight or of a profile means, for all keys it has.

    `low` and `high` bound what a mission may publish: wider than any sensible choice, too narrow for a slip of the pen.
    """

    name: str
    section: str
    unit: str
    low: float
    high: float
    meaning: str
    """`{}` is the key in words."""
    reason: str
    source: str = ""

    def __post_init__(self) -> None:
        if not self.source:
            where = "facts format 8" if self.section == "vehicles" else f"doctrine {self.section}"
            object.__setattr__(self, "source", f"{where} (J)")


# fmt: off
POLICY_FAMILIES = (
    Family("source", "2", SHARE, 0, 1, "How far a source graded {} is believed.",
           "even steps; F is not judged, not bad"),
    Family("information", "2", SHARE, 0, 1, "How far information graded {} is believed.",
           "even steps; 6 is not judged, not bad"),
    Family("confirmed_min", "2", SHARE, 0.05, 1, "From this confidence on a fact counts as confirmed.",
           "B2 and C1 reach it, C2 does not"),
    Family("suspected_min", "2", SHARE, 0.01, 0.95,
           "From this confidence on a fact counts as suspected; below it is doubtful.",
           "a report not yet graded (F6) must close a road"),
    Family("corroboration_cap", "2", SHARE, 0.05, 1, "Independent reports together are believed at most so far.",
           "many voices may repeat one error"),
    Family("verification_h", "3.1", HOURS, 1, 2160,
           "A passage keeps a road open for this long at threat level {}; for as long again it is ageing.",
           "roads are mined and washed out while nobody looks; the worse the threat, the sooner a passage is history"),
    Family("wet_h", "3.1", HOURS, 1, 2160, "In the wet season a passage holds no longer than this on {}.",
           "a graded or earth road can wash out in two days of rain"),
    Family("verification_min", "3.1", SHARE, 0.05, 1, "A passage counts from this confidence on.",
           "only what is confirmed may open a road"),
    Family("track_tolerance_m", "3.1", METRES, 1, 250, "A GPS track this near to the centreline passes the road.",
           "receivers and digitised roads are both some metres off", source="facts format 3 (J)"),
    Family("corridor_m", "3.2", METRES, 1, 250, "Half the width of the ground that traffic uses, at least.",
           "carriageway, shoulder and a wheel beside it"),
    Family("near_band_m", "3.2", METRES, 1, 5000, "Within this distance of a hazard nobody leaves the carriageway.",
           "items drift and fields are marked generously"),
    Family("imprecise_m", "3.2", METRES, 1, 20000,
           "A place vaguer than this lowers the state by one level where the road may lie beside it.",
           "a six-figure grid reference is precise enough, a four-figure one is not"),
    Family("gps_m", "3.2", METRES, 1, 500, "How far off a GPS position may be; also added to a grid square.",
           "handheld receivers under open sky"),
    Family("place_radius_m", "3.2", METRES, 50, 50000, "How far from a named place without a radius a fact may lie.",
           "a village and its fields"),
    Family("unknown_datum_m", "3.2", METRES, 0, 2000, "Added where nobody knows the map datum of a position.",
           "another datum shifts a position by some hundred metres"),
    Family("limit_amber", "3.3", SHARE, 0.1, 1, "From this share of a limit on a vehicle passes with caution.",
           "signs and scales are seldom right to a tenth"),
    Family("light_mass_t", "3.3", TONNES, 0.1, 100,
           "Up to this mass an unknown limit means caution; above it the state is unknown.",
           "a light four-wheel drive crosses what carries local traffic"),
    Family("denial_red_h", "3.4", HOURS, 1, 8760, "A denial restricts the denied class for this long.",
           "a post that turned one convoy back turns the next back"),
    Family("denial_amber_h", "3.4", HOURS, 1, 8760, "A denial asks for caution until this age.",
           "after two weeks without another denial it has lapsed"),
    Family("denial_other_h", "3.4", HOURS, 1, 8760, "A denial of another class asks for caution for this long.",
           "what stops one class may stop all"),
    Family("toll_h", "3.4", HOURS, 1, 8760, "A toll or delay asks for caution for this long.",
           "as a denial of others"),
    Family("risk_amber", "3.5", SHARE, 0.01, 1, "From this risk on a road asks for caution.",
           "a fire on movement reported A1, one half-life old"),
    Family("risk_red", "3.5", SHARE, 0.01, 1, "From this risk on a road is restricted.",
           "an IED found, reported A1, on the same day"),
    Family("risk_near_m", "3.5", METRES, 0, 20000, "Within this distance an incident counts in full.",
           "the reach of direct fire along a road"),
    Family("risk_far_m", "3.5", METRES, 1, 100000, "Beyond this distance an incident does not count.",
           "another valley, another road"),
    Family("override_max_h", "3.6", HOURS, 1, 168, "A state improved by hand ends after this long at the latest.",
           "one day, one responsible officer"),
)
"""Of the members of `Policy` but `incident`."""
INCIDENT_FAMILIES = (
    Family("s", "3.5", SHARE, 0, 1, "Severity of one {} by a source that cannot err, at once and on the spot.",
           "how harmful one is to those on the road"),
    Family("half_life_d", "3.5", DAYS, 0.5, 3650, "After this many days {} weighs half.",
           "how long such a threat stays in one place"),
)
PROFILE_FAMILIES = (
    Family("vehicle", "vehicles", WORD, 0, 0, "Kind of {}: foot, motorcycle, wheeled, tracked.",
           "size of the class, from data sheets of common vehicles"),
    Family("mass_t", "vehicles", TONNES, 0.02, 200, "Mass of {}, loaded.",
           "size of the class, from data sheets of common vehicles"),
    Family("mlc", "vehicles", CLASS, 0, 150, "Military load class of {}.",
           "size of the class, from data sheets of common vehicles"),
    Family("width_m", "vehicles", METRES, 0.3, 10, "Width of {}.",
           "size of the class, from data sheets of common vehicles"),
    Family("height_m", "vehicles", METRES, 0.5, 10, "Height of {}.",
           "size of the class, from data sheets of common vehicles"),
    Family("ford_depth_m", "vehicles", METRES, 0, 5, "Depth of water that {} wades.",
           "size of the class, from data sheets of common vehicles"),
    Family("axle_t", "vehicles", TONNES, 0.02, 60, "Load of the heaviest axle of {}.",
           "two axles that bear unequally, three on P6, six on P7"),
)
# fmt: on
FAMILIES = {family.name: family for family in (*POLICY_FAMILIES, *INCIDENT_FAMILIES, *PROFILE_FAMILIES)}
