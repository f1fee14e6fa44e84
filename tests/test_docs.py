"""The words for the reader hold: no dead links, every setting and command described, no foreign machine's traces."""

from __future__ import annotations

import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from fom.config import Config

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+\s+(.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_link_is_dead(page: Path):
    dead = []
    for target in LINK.findall(page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            dead.append(target)
    assert not dead


def test_every_setting_stands_in_the_readme_table():
    readme = (ROOT / "README.md").read_text()
    table = set(re.findall(r"^\| `(FOM_[A-Z_]+)`", readme, re.M))
    assert table == {f"FOM_{f.name.upper()}" for f in fields(Config)}


def tracked_files() -> list[Path]:
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: the tracked files cannot be listed")
    return [ROOT / name for name in listed.decode().split("\0") if name]


def test_no_tracked_file_names_a_machine_path_or_a_registry():
    # written in pieces so that this file does not name them itself
    traces = ["/wor" + "k/", "/tm" + "p/w", "pypi." + "org", "registry.npm" + "js", "deb.deb" + "ian"]
    found = []
    for path in tracked_files():
        if path.suffix in {".png", ".pbf", ".webp", ".woff2"} or not path.exists():
            continue
        text = path.read_text(errors="replace")
        found += [f"{path.relative_to(ROOT)}: {t}" for t in traces if t in text]
    assert not found


def test_third_party_files_are_not_committed():
    names = [str(p.relative_to(ROOT)) for p in tracked_files()]
    assert not [
        n for n in names if n.startswith(("static/vendor/", "node_modules/")) or n.endswith((".woff2", ".min.js"))
    ]
