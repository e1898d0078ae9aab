from __future__ import annotations

import pytest

from boostwatch.store import guard


@pytest.fixture
def distrust():
    """Forget what this process wrote, so that the guard walks over it."""
    guard._passed.clear()
    yield guard._passed.clear
    guard._passed.clear()


@pytest.fixture
def quick_guard(monkeypatch):
    """Walk in this process, for tests of the reader behind the guard."""
    monkeypatch.setattr(guard, "_walk_in_child", lambda path, limit, swmr: guard._Walk(path, swmr).run())
    guard._passed.clear()
