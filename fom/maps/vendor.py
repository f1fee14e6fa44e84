"""Copies what pages load from `node_modules` to `static/vendor`: the map library, its worker, and the fonts.

`python -m fom.maps.vendor` after `npm ci`. Nothing third-party is committed; nothing is loaded from another host.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FONTS = {
    "sans": ("latin", "latin-ext"),
    "sans-condensed": ("latin", "latin-ext"),
    "mono": ("latin",),
    "sans-arabic": ("arabic",),
}
WEIGHTS = (400, 500, 600)


def vendor_files() -> dict[str, str]:
    """Return target path under `static/vendor` -> source path under `node_modules`."""
    files = {
        "maplibre/maplibre-gl.mjs": "maplibre-gl/dist/maplibre-gl.mjs",
        "maplibre/maplibre-gl-worker.mjs": "maplibre-gl/dist/maplibre-gl-worker.mjs",
        "maplibre/maplibre-gl.css": "maplibre-gl/dist/maplibre-gl.css",
        "maplibre/LICENSE.txt": "maplibre-gl/LICENSE.txt",
        "leaflet/leaflet.js": "leaflet/dist/leaflet.js",
        "leaflet/leaflet.css": "leaflet/dist/leaflet.css",
        "leaflet/LICENSE.txt": "leaflet/LICENSE",
    }
    for family, subsets in FONTS.items():
        files[f"fonts/LICENSE-{family}.txt"] = f"@fontsource/ibm-plex-{family}/LICENSE"
        for subset in subsets:
            for weight in WEIGHTS:
                name = f"ibm-plex-{family}-{subset}-{weight}-normal.woff2"
                files[f"fonts/{name}"] = f"@fontsource/ibm-plex-{family}/files/{name}"
    return files


def copy_vendor_files(modules: Path, target: Path) -> int:
    """Copy every vendor file and return how many; files that are no longer wanted disappear.

    Raises
    ------
    FileNotFoundError
        A package is not installed as the lock file says; the message names the file.
    """
    scratch = target.with_name(target.name + ".new")
    shutil.rmtree(scratch, ignore_errors=True)
    for to, source in vendor_files().items():
        (scratch / to).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(modules / source, scratch / to)
    shutil.rmtree(target, ignore_errors=True)
    scratch.rename(target)
    return len(vendor_files())


if __name__ == "__main__":
    try:
        count = copy_vendor_files(ROOT / "node_modules", ROOT / "static" / "vendor")
    except FileNotFoundError as missing:
        sys.exit(f"{missing.filename} is missing: run npm ci first")
    print(f"{count} browser files in static/vendor")
