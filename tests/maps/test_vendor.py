"""Are browser packages copied whole or not at all?"""

import json
from pathlib import Path

import pytest

from fom.maps.vendor import ROOT, copy_vendor_files, vendor_files


def fake_modules(folder: Path) -> Path:
    for source in vendor_files().values():
        file = folder / source
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
    return folder


def test_every_file_is_copied_and_old_ones_disappear(tmp_path: Path) -> None:
    target = tmp_path / "vendor"
    target.mkdir()
    (target / "old.js").write_text("of the release before")
    assert copy_vendor_files(fake_modules(tmp_path / "modules"), target) == len(vendor_files())
    assert not (target / "old.js").exists()
    assert all((target / name).read_text() == source for name, source in vendor_files().items())


def test_a_missing_package_is_named_and_what_was_there_stays(tmp_path: Path) -> None:
    modules, target = fake_modules(tmp_path / "modules"), tmp_path / "vendor"
    copy_vendor_files(modules, target)
    (modules / "leaflet/dist/leaflet.js").unlink()
    with pytest.raises(FileNotFoundError, match=r"leaflet\.js"):
        copy_vendor_files(modules, target)
    assert (target / "leaflet/leaflet.js").exists()


def test_every_package_is_pinned_with_its_hash_and_names_no_registry() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for name, version in wanted.items():
        assert locked[f"node_modules/{name}"]["version"] == version
    for name, package in locked.items():
        assert name == "" or package["integrity"].startswith("sha512-")
        assert "resolved" not in package
    for source in vendor_files().values():
        assert any(source.startswith(f"{name}/") for name in wanted), source
