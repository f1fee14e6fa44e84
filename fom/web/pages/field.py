"""The field app: one page that a phone keeps, its service worker, its manifest, and who is signed in.

The page itself holds no data and no token, so it may stay on a phone after signing out; all else comes from the API.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template, url_for
from flask_wtf.csrf import generate_csrf

from fom.domain.access import may
from fom.domain.profiles import PROFILES
from fom.errors import NotFound
from fom.maps.app_icon import SIZES, draw_icon
from fom.web.access import find_actor, public
from fom.web.edge import edge

blueprint = Blueprint("field", __name__)

PAGE = "/field"
SHARED_FILES = (
    "css/tokens.css", "css/fonts.css", "css/base.css", "js/mgrs.js", "symbols.svg", "favicon.svg",
    "vendor/fonts/ibm-plex-sans-latin-400-normal.woff2", "vendor/fonts/ibm-plex-sans-latin-600-normal.woff2",
    "vendor/fonts/ibm-plex-sans-condensed-latin-600-normal.woff2",
    "vendor/fonts/ibm-plex-mono-latin-600-normal.woff2",
    "vendor/fonts/ibm-plex-sans-arabic-arabic-400-normal.woff2",
    "vendor/fonts/ibm-plex-sans-arabic-arabic-600-normal.woff2",
)  # fmt: skip
"""What the app uses of the pages' files; everything in `static/field` belongs to it besides."""


@blueprint.get(PAGE, strict_slashes=False)
@public
def app_page() -> Any:
    """Show the app; its parts and data are fetched and kept by its scripts."""
    return render_template("field/app.html", sizes=SIZES)


@blueprint.get(f"{PAGE}/sw.js")
@public
def service_worker() -> Response:
    """Return the service worker with the list of files of this version; another file makes another version."""
    files, version = shell_files()
    answer = Response(
        render_template("field/sw.js", files=files, version=version, page=PAGE), mimetype="text/javascript"
    )
    answer.headers.update({"Cache-Control": "no-cache", "Service-Worker-Allowed": PAGE})
    return answer


@blueprint.get(f"{PAGE}/manifest.webmanifest")
@public
def manifest() -> Response:
    """Return what a phone needs to install the app."""
    icons = [
        {"src": url_for("field.icon", size=size), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for size in SIZES[1:]
        for purpose in ("any", "maskable")
    ]
    body = {
        "id": PAGE, "name": f"Field reports, {edge().config.mission}", "short_name": "Field", "start_url": PAGE,
        "scope": PAGE, "display": "standalone", "orientation": "any", "background_color": "#0d1318",
        "theme_color": "#131b22", "icons": icons,
    }  # fmt: skip
    answer = jsonify(body)
    answer.mimetype = "application/manifest+json"
    return answer


@blueprint.get(f"{PAGE}/icon-<int:size>.png")
@public
def icon(size: int) -> Response:
    """Return the icon as PNG."""
    if size not in SIZES:
        raise NotFound("icon", str(size))
    answer = Response(draw_icon(size), mimetype="image/png")
    answer.headers["Cache-Control"] = "public, max-age=86400"
    return answer


@blueprint.get(f"{PAGE}/session")
@public
def session_told() -> Any:
    """Return who is signed in, the token that sending needs, and the vehicles that a passage may name.

    Nobody is a fair answer (`person` null), not a refusal: a phone out of its login asks again and again.
    """
    actor = find_actor()
    if actor is None:
        return jsonify(person=None)
    in_force = edge().host.profiles if edge().is_open else PROFILES  # signing in does not wait for the picture
    profiles = [
        {"code": p.name, "vehicle": p.vehicle, "mlc": p.mlc, "mass_t": p.mass_t}
        for p in sorted(in_force.values(), key=lambda p: p.name)
    ]
    return jsonify(
        person=actor.person,
        name=actor.name or actor.email,
        unit=actor.unit,
        may_send=may(actor, "send_report"),
        csrf=generate_csrf(),
        profiles=profiles,
        mission=edge().config.mission,
        asks_back="/api/v1/questions" in {rule.rule for rule in current_app.url_map.iter_rules()},
    )


def shell_files() -> tuple[list[str], str]:
    """Return the addresses that the app needs without a network, and a name for exactly this state of them."""
    static = Path(current_app.static_folder or "static")
    own = sorted(path for path in (static / "field").rglob("*") if path.is_file())
    files = [*own, *(static / name for name in SHARED_FILES if (static / name).is_file())]
    digest = hashlib.sha256(render_template("field/app.html", sizes=SIZES).encode())
    for path in files:
        digest.update(path.relative_to(static).as_posix().encode() + b"\0" + path.read_bytes())
    addresses = [url_for("static", filename=path.relative_to(static).as_posix()) for path in files]
    icons = [url_for("field.icon", size=size) for size in SIZES[:2]]
    return [PAGE, url_for("field.manifest"), *icons, *addresses], digest.hexdigest()[:16]
