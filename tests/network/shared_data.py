"""Real road files beside the project, where a developer has them; tests that want one skip loudly without."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def shared_file(name: str) -> Path:
    """Return the path of a shared file; skip the test when the folder is not there."""
    if not SHARED.is_dir():
        pytest.skip(f"no folder {SHARED}: real road files are not part of the project")
    path = SHARED / name
    assert path.is_file(), f"{path} is missing from the shared data"
    return path
