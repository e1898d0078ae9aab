"""Pictures of a score: which there are, that they are whole, that the same score gives the same bytes."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from boostwatch.assess import plots
from boostwatch.assess.pool import pool
from boostwatch.assess.score import Score, score
from boostwatch.errors import BoostwatchError
from tests.assess import handmade
from tests.assess.test_handmade import run
from tests.assess.test_pool import SCENES

ALL = ["detection", "roc", "latency", "position", "calibration", "reliability", "confusion"]


@pytest.fixture(scope="module")
def pictures():
    return plots.drawn(pool({str(n): scene for n, scene in enumerate(SCENES)}))


def test_every_picture_is_drawn_with_ink_inside_its_margins(pictures):
    assert list(pictures) == ALL
    for name, data in pictures.items():
        grey = np.asarray(Image.open(io.BytesIO(data)).convert("L"))
        assert (grey < 128).sum() > 1000, name
        rim = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
        assert (rim > 200).all(), name  # nothing is cut off


def test_svg_is_the_same_every_time_and_text():
    one, two = (plots.drawn(SCENES[0], "svg") for _ in range(2))
    assert one == two
    assert all(data.startswith(b"<?xml") and b"<svg" in data for data in one.values())


def test_what_there_is_nothing_of_is_not_drawn():
    assert plots.drawn(Score()) == {}
    empty = plots.drawn(run(handmade.nothing()))
    assert list(empty) == ["detection", "latency", "confusion"]
    none = {"objects": handmade.truth()[0][:0], "samples": handmade.truth()[1][:0]}
    blank = score(handmade.nothing(), **none, shape=(5, 1, 8, 8), frame_period_s=0.5)
    assert plots.drawn(blank) == {}


def test_events_without_an_object_and_kinds_unknown_can_be_drawn():
    tables = handmade.tables()
    tables.events["kind"], tables.events["track_id"], tables.events["first_time_s"] = b"$a_{$", -1, 0.0
    assert "confusion" in plots.drawn(run(tables))


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(BoostwatchError, match=r"boostwatch\[plot\]"):
        plots.drawn(SCENES[0])
