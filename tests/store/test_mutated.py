"""Files with flipped, blanked and missing bytes: an error or the right pixels, never a crash, never wrong pixels."""

from __future__ import annotations

import numpy as np
import pytest

from boostwatch.errors import BadData
from boostwatch.store import guard, open_stack, read_array, read_detections, read_events, validate, write_events
from tests.store.helpers import event_tables, write_stack
from tests.store.test_foreign import MAKERS


def mutate(raw, rng, how):
    out = bytearray(raw)
    match how:
        case "bit":
            out[rng.integers(len(out))] ^= 1 << rng.integers(8)
        case "bytes":
            for place in rng.integers(len(out), size=8):
                out[place] = rng.integers(256)
        case "blank":
            start = rng.integers(len(out) - 64)
            out[start : start + 64] = bytes(64)
        case "head":
            out[rng.integers(min(3000, len(out)))] = rng.integers(256)
        case "cut":
            del out[rng.integers(len(out)) :]
    return bytes(out)


@pytest.mark.parametrize("how", ["bit", "bytes", "blank", "head", "cut"])
def test_mutated_stacks(tmp_path, how):
    """Every file goes through the child, as it would in use: it may hang or abort there."""
    path = tmp_path / "a.h5"
    data = write_stack(path)
    raw = path.read_bytes()
    with open_stack(path) as stack:
        time_s, samples = stack.time_s, stack.truth_samples
    rng = np.random.default_rng([1, len(how)])
    for _ in range(8):
        mutated = mutate(raw, rng, how)
        path.write_bytes(mutated)
        guard._passed.clear()
        try:
            stack = open_stack(path)
        except BadData as error:
            message = str(error)
        else:
            with stack:
                wrong = 0
                for frame in stack.frames():
                    agree = (frame.data == data[frame.frame]).all(axis=(1, 2))
                    assert not np.any(frame.good & ~agree)
                    wrong += int(np.count_nonzero(~frame.good))
                assert len([note for note in stack.notes if "band" in note]) == wrong
                np.testing.assert_array_equal(stack.time_s, time_s)
                assert stack.truth_samples.tobytes() == samples.tobytes()
            assert len(validate(path)) == wrong
            continue
        assert str(path) in message
        assert validate(path) != []


def test_mutated_events(tmp_path, quick_guard):
    path = tmp_path / "a.h5"
    write_events(path, event_tables())
    raw = path.read_bytes()
    whole = read_events(path)
    rng = np.random.default_rng(2)
    refused = 0
    for _ in range(100):
        path.write_bytes(mutate(raw, rng, "bit"))
        guard._passed.clear()
        try:
            tables = read_events(path)
        except BadData:
            refused += 1
            continue
        for name in ("detections", "tracks", "track_points", "events", "registration"):
            assert getattr(tables, name).tobytes() == getattr(whole, name).tobytes()
    assert refused > 20


@pytest.mark.parametrize(
    "kind", ["png 16", "bmp 8", "tiff pages", "tiff lzw", "fits cube", "fits compressed", "npy", "npz deflated"]
)
def test_mutated_images(tmp_path, kind):
    """Formats without checksums may give other pixels, but only an array of sane size or one clear error."""
    (tmp_path / "in").mkdir()
    path = sorted(MAKERS[kind][0](tmp_path / "in"))[0]
    raw = path.read_bytes()
    whole = read_array(path)
    rng = np.random.default_rng(3)
    for how in ("bit", "bytes", "blank", "head", "cut"):
        for _ in range(12):
            path.write_bytes(mutate(raw, rng, how))
            try:
                array = read_array(path)
            except BadData as error:
                message = str(error)
            else:
                assert array.nbytes < 100 * whole.nbytes
                continue
            assert str(path) in message


def test_mutated_lists(tmp_path):
    lines = ["frame,x,y,snr"] + [f"{i},{i}.5,{2 * i},{7 + i}" for i in range(40)]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    rows = {name: np.arange(40) for name in ("frame", "x", "y")}
    np.savez(tmp_path / "a.npz", **rows)
    rng = np.random.default_rng(4)
    for path in (tmp_path / "a.csv", tmp_path / "a.npz"):
        raw = path.read_bytes()
        for _ in range(100):
            path.write_bytes(mutate(raw, rng, rng.choice(["bit", "bytes", "blank", "cut"])))
            try:
                found = read_detections(path).rows
            except BadData as error:
                message = str(error)
            else:
                assert len(found) <= 80
                continue
            assert str(path) in message
