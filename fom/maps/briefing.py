"""The briefing map: one HTML file that opens on any laptop without a network, as of one moment.

folium draws it; its links to script hosts are replaced here by the browser packages of `static/vendor`, and whatever
else would be loaded from outside is an error. Words from reports enter as escaped text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import folium

from fom.domain.instants import format_instant
from fom.domain.positions import date_time_group
from fom.errors import BadReferenceData
from fom.maps.style import STYLES, StateStyle, read_tokens

VENDOR = Path(__file__).parents[2] / "static" / "vendor"
SYMBOLS = Path(__file__).parents[2] / "static" / "symbols.svg"
ROUTE_PX = 4.0
"""Width of a key route on the briefing map, pixels."""
LETTER_FROM_DEG = 0.02
"""Extent from which a run carries a letter: about two kilometres. Shorter ones are told by colour, pattern, tooltip."""
NAMED_FROM = 15_000
"""People from whom on a place is named."""
LEFT_OUT = ("clr", "dmg")
"""Symbols that a briefing does without: what is released, and damage, which the state of its road tells."""
_OUTSIDE = re.compile(r"""(?:src|href)\s*=\s*["']\s*(?:https?:)?//[^"']*["']|@import|url\(\s*["']?(?:https?:)?//""")
_SCRIPT = re.compile(r"<script[^>]*src=\"[^\"]*\"[^>]*>\s*</script>|<link[^>]*rel=\"stylesheet\"[^>]*/?>")


def briefing_map(
    layers: Mapping[str, Sequence[Mapping[str, Any]]], context: Sequence[Mapping[str, Any]], *,
    title: str, classification: str, at: int, bounds: tuple[float, float, float, float], credit: str | None,
    theme: str = "light",
) -> bytes:  # fmt: skip
    """Return a whole HTML document with everything inside.

    Parameters
    ----------
    layers
        Layer name -> features as `layers` and `route_lines` make them; of routes, runs of one state (`state_lines`).
    context
        Quiet background features, degrees.
    at
        The moment shown, microseconds; it is written across the map, since a file cannot update itself.
    bounds
        West, south, east, north, degrees.
    credit
        Whom the map must name as the maker of its data, if anybody.

    Raises
    ------
    BadReferenceData
        The browser packages are not installed, or the document would load something from outside.
    """
    tokens = read_tokens(theme)
    chart = folium.Map(tiles=None, control_scale=True, attributionControl=False)
    west, south, east, north = bounds
    chart.fit_bounds([[south, west], [north, east]])
    _add_ground(chart, context, tokens)
    _add_places(chart, context)
    _add_routes(chart, layers.get("routes", ()), tokens)
    for name, features in layers.items():
        if name != "routes":
            _add_symbols(chart, name, features, tokens)
    folium.LayerControl(collapsed=False).add_to(chart)
    root: Any = chart.get_root()
    root.html.add_child(folium.Element(_frame(title, classification, at, credit)))
    root.header.add_child(folium.Element(f"<title>{escape(title)}</title><style>{_sheet(tokens)}</style>"))
    return inline_everything(root.render()).encode()


def state_lines(route: Mapping[str, Any], letters: Mapping[int, str]) -> list[dict[str, Any]]:
    """Return a key route's line as features of one state each; `letters` = segment number -> letter."""
    coordinates = route["geometry"]["coordinates"]
    found: list[dict[str, Any]] = []
    for number, _, first, last, *_ in route["properties"]["segments"]:
        letter = letters[number]
        if found and found[-1]["properties"]["state"] == letter:
            found[-1]["geometry"]["coordinates"] += coordinates[first + 1 : last + 1]
        else:
            found.append({
                "type": "Feature",
                "geometry": {"type": "LineString", "coordinates": list(coordinates[first : last + 1])},
                "properties": {"state": letter, "code": route["properties"]["code"]},
            })  # fmt: skip
    return found


def inline_everything(html: str) -> str:
    """Return the document with folium's outside scripts and sheets replaced by ours.

    Raises
    ------
    BadReferenceData
        Something is left that a browser would fetch.
    """
    try:
        script = (VENDOR / "leaflet" / "leaflet.js").read_text()
        sheet = (VENDOR / "leaflet" / "leaflet.css").read_text()
    except FileNotFoundError as missing:
        raise BadReferenceData(f"{missing.filename} is missing: run `make setup`") from None
    sheet = re.sub(r"url\([^)]*\)", "none", sheet)
    closed = script.replace("</script", "<\\/script")
    inside = f"<style>{sheet}</style><script>{closed}</script>"
    bare = _SCRIPT.sub("", html)
    whole = bare.replace("<head>", f"<head>{inside}", 1)
    left = _OUTSIDE.search(_without_code(bare))
    if left is not None:
        raise BadReferenceData(f"the briefing map would load {left.group()[:80]!r}")
    return whole


def _without_code(html: str) -> str:
    """Return the document without what stands in scripts, where an address is only text."""
    return re.sub(r"<script(?![^>]*\bsrc=)[^>]*>.*?</script>", "", html, flags=re.DOTALL)


def _add_ground(chart: folium.Map, context: Sequence[Mapping[str, Any]], tokens: Mapping[str, str]) -> None:
    looks = {
        "land": {"fillColor": tokens["m-out"], "fillOpacity": 1, "color": tokens["m-coast"], "weight": 1},
        "country": {"fillColor": tokens["m-land"], "fillOpacity": 1, "weight": 0},
        "lake": {"fillColor": tokens["m-sea"], "fillOpacity": 1, "color": tokens["m-coast"], "weight": 1},
        "river": {"color": tokens["m-river"], "weight": 1},
        "urban": {"fillColor": tokens["m-urban"], "fillOpacity": 1, "weight": 0},
        "border": {"color": tokens["m-border"], "weight": 1.4, "dashArray": "8 3 1 3"},
    }
    for kind, look in looks.items():
        features = [f for f in context if f["properties"].get("kind") == kind and f["geometry"]["type"] != "Point"]
        if features:
            folium.GeoJson(
                {"type": "FeatureCollection", "features": list(features)}, style_function=lambda _, look=look: look,
                control=False, interactive=False,
            ).add_to(chart)  # fmt: skip


def _add_routes(chart: folium.Map, features: Sequence[Mapping[str, Any]], tokens: Mapping[str, str]) -> None:
    """Add the runs of key routes, worst on top, in the patterns of the style table."""
    group = folium.FeatureGroup("Key routes").add_to(chart)
    polyline: Any = folium.PolyLine
    for style in STYLES.values():
        lines = [f for f in features if f["properties"]["state"] == style.letter]
        width = ROUTE_PX * style.width
        dash = None if style.dash is None else f"{max(style.dash, 0.1) * ROUTE_PX:g} {(style.gap or 0) * ROUTE_PX:g}"
        if style.crossed_every:
            dash = f"{ROUTE_PX * 1.6:g} {ROUTE_PX * 0.5:g}"
        for line in lines:
            points = [(lat, lon) for lon, lat in line["geometry"]["coordinates"]]
            rim = (
                tokens["x-out"]
                if style.crossed_every
                else tokens["m-case-a"]
                if style.letter == "C"
                else tokens["m-case"]
            )
            polyline(points, color=rim, weight=width + 3, opacity=1, interactive=False).add_to(group)
            polyline(
                points, color=tokens[style.token], weight=width, opacity=1, dash_array=dash,
                line_cap="round" if style.is_round else "butt",
                tooltip=escape(f"{line['properties']['code']}: {style.word}"),
            ).add_to(group)  # fmt: skip
            if style.has_letters and _extent(points) >= LETTER_FROM_DEG:
                middle = points[len(points) // 2]
                folium.Marker(middle, icon=folium.DivIcon(_disc(style), (16, 16), (8, 8))).add_to(group)


def _add_symbols(
    chart: folium.Map, name: str, features: Sequence[Mapping[str, Any]], tokens: Mapping[str, str]
) -> None:
    group = folium.FeatureGroup(name.replace("-", " ").capitalize()).add_to(chart)
    for feature in features:
        said = feature["properties"]
        if said["part"] != "point":
            folium.GeoJson(dict(feature), style_function=lambda _: {
                "color": tokens["h-sha"], "weight": 1.2, "dashArray": "5 3", "fillOpacity": 0.15,
                "fillColor": tokens["h-sha"],
            }).add_to(group)  # fmt: skip
            continue
        if said.get("symbol") in (None, *LEFT_OUT):
            continue
        lon, lat = feature["geometry"]["coordinates"]
        words = [said.get("label"), said.get("status"), f"± {said['radius_m']:.0f} m" if said.get("radius_m") else None]
        folium.Marker(
            (lat, lon), icon=folium.DivIcon(_drawing(said["symbol"], tokens), (20, 20), (10, 10)),
            tooltip=escape(", ".join(str(word) for word in words if word)),
        ).add_to(group)  # fmt: skip


def _drawing(symbol: str, tokens: Mapping[str, str]) -> str:
    """Return a symbol of the drawing sheet with the theme's colours."""
    sheet = SYMBOLS.read_text()
    found = re.search(rf'<symbol id="{re.escape(symbol)}" viewBox="([^"]+)">(.*?)</symbol>', sheet, re.DOTALL)
    if found is None:
        raise KeyError(symbol)
    body = re.sub(r"var\(--([\w-]+)\)", lambda name: tokens[name.group(1)], found.group(2))
    return f'<svg width="20" height="20" viewBox="{found.group(1)}">{body}</svg>'


def _disc(style: StateStyle) -> str:
    return f'<span class="disc disc-{style.token}">{style.letter}</span>'


def _extent(points: Sequence[tuple[float, float]]) -> float:
    """Return the longer side of the box around points, degrees."""
    lats, lons = zip(*points, strict=True)
    return float(max(max(lats) - min(lats), max(lons) - min(lons)))


def _add_places(chart: folium.Map, context: Sequence[Mapping[str, Any]]) -> None:
    """Add the names of towns; in a group, since markers put straight on the map first ask for pictures."""
    group = folium.FeatureGroup("Places").add_to(chart)
    for feature in context:
        said = feature["properties"]
        if feature["geometry"]["type"] == "Point" and (said.get("population") or 0) >= NAMED_FROM:
            lon, lat = feature["geometry"]["coordinates"]
            name = f'<span class="place">{escape(str(said["name"]))}</span>'
            folium.Marker((lat, lon), icon=folium.DivIcon(name, (7, 7), (4, 4)), interactive=False).add_to(group)


def _frame(title: str, classification: str, at: int, credit: str | None) -> str:
    keys = "".join(f"<li><b>{style.letter}</b> {style.word}</li>" for style in STYLES.values())
    moment = f'<time datetime="{format_instant(at)}">{date_time_group(at)}</time>'
    return (
        f'<header class="briefing"><b>{escape(title)}</b> as of {moment}. This file does not update itself: '
        f"anything may have changed since.<span>{escape(classification.replace('_', ' ').upper())}</span></header>"
        f'<ul class="briefing-key">{keys}</ul>' + (f'<p class="briefing-credit">{escape(credit)}</p>' if credit else "")
    )


def _sheet(tokens: Mapping[str, str]) -> str:
    """Return the style sheet of the frame around the map."""
    type_ = "system-ui,sans-serif"
    rules = {
        ".folium-map,.leaflet-container": f"background:{tokens['m-sea']}!important;font:13px {type_}",
        ".briefing": f"position:fixed;z-index:900;inset:0 0 auto 0;background:{tokens['a']};color:{tokens['a-on']};"
        f"padding:8px 14px;font:500 14px {type_};display:flex;gap:6px",
        ".briefing span": "margin-left:auto;font-weight:600",
        ".briefing-key": "position:fixed;z-index:900;left:12px;bottom:64px;margin:0;padding:8px 14px;list-style:none;"
        f"font:13px {type_};background:{tokens['s-1']};color:{tokens['ink']};border:1px solid {tokens['line-2']}",
        ".briefing-credit": "position:fixed;z-index:900;right:0;bottom:0;margin:0;padding:2px 8px;"
        f"font:11px {type_};background:{tokens['s-1']};color:{tokens['ink-2']}",
        ".leaflet-top": "top:40px",
        ".disc": "display:block;width:16px;height:16px;border-radius:8px;text-align:center;"
        f"border:1px solid {tokens['ink']};font:600 11px/15px {type_}",
    }
    for style in STYLES.values():
        is_ring = style.is_round
        fill = tokens["s-1" if is_ring else style.token]
        ink = tokens[f"{style.token}-t" if is_ring else f"{style.token}-on"]
        rules[f".disc-{style.token}"] = f"background:{fill};color:{ink};border-color:{tokens['m-halo']}"
    rules[".place"] = (
        f"display:block;width:6px;height:6px;border:1.5px solid {tokens['m-label']};border-radius:5px;"
        f"background:{tokens['m-land']};color:{tokens['m-label']};font:500 12px/6px {type_};white-space:nowrap;"
        f"text-indent:12px;text-shadow:0 0 3px {tokens['m-halo']},0 0 3px {tokens['m-halo']}"
    )
    rules[".leaflet-control-layers,.leaflet-bar a"] = (
        f"background:{tokens['s-1']}!important;color:{tokens['ink']}!important"
    )
    return "".join(f"{selector}{{{body}}}" for selector, body in rules.items())
