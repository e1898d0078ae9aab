"""What is in the report: sound JSON, no way out for foreign text, a policy that fits, never more than 3 MB."""

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pytest

from boostwatch import cli, store
from boostwatch.assess.report import MOST_BYTES, Footage, land, pictures, places, report_page, steps
from boostwatch.assess.report.whitened import GUARD, Whitener
from boostwatch.assess.score import score
from boostwatch.errors import CannotCreate
from tests.assess import runs, synthetic


class Page(HTMLParser):
    """A page taken apart as a browser does: elements with attributes, what is in script and style, the text."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.raw, self._in = [], [], None
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag in ("script", "style"):
            self._in = [tag, dict(attributes), ""]

    def handle_data(self, text):
        if self._in:
            self._in[2] += text

    def handle_endtag(self, tag):
        if self._in and tag == self._in[0]:
            self.raw.append(tuple(self._in))
            self._in = None

    @property
    def payload(self):
        (block,) = [text for tag, attributes, text in self.raw if attributes.get("id") == "payload"]
        return json.loads(block)


def made(tables, **more):
    return report_page(tables, **{"name": "run.events.h5", "created": "2026-03-02T00:00:00Z", **more})


@pytest.fixture(scope="module")
def case():
    return synthetic.scene()


def footage_of(case):
    """The made-up scene as a stack that never changes."""
    still = np.stack([case.frames["swir"], case.frames["mwir"]]).astype(np.float32)
    count = synthetic.SHAPE[0]
    return Footage(
        name="made.stack.h5", shape=synthetic.SHAPE, sensor=synthetic.SENSOR, time_s=np.arange(count) * 0.5,
        position_m=np.tile(synthetic.POSITION, (count, 1)), attitude=np.tile(synthetic.ATTITUDE, (count, 1)),
        objects=case.objects, samples=case.samples, scenario="seed = 1", read=lambda t: (still, np.ones(2, bool)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def footage(case):
    return footage_of(case)


@pytest.fixture(scope="module")
def full(case, footage):
    result = score(case.tables, objects=case.objects, samples=case.samples, shape=footage.shape, frame_period_s=0.5)
    return Page(made(case.tables, footage=footage, score=result))


def rows(table):
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


def test_the_policy_allows_these_very_scripts_and_styles_and_nothing_else(full):
    (policy,) = [a["content"] for tag, a in full.elements if a.get("http-equiv") == "Content-Security-Policy"]
    parts = dict(part.split(" ", 1) for part in policy.split("; "))
    assert parts["default-src"] == "'none'"
    assert parts["img-src"] == "data:"
    assert "unsafe" not in policy
    assert "http" not in policy
    for tag, source in (("script", "script-src"), ("style", "style-src")):
        texts = [text for name, a, text in full.raw if name == tag and "type" not in a]
        hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(t.encode()).digest()).decode()}'" for t in texts]
        assert parts[source].split() == hashes
    assert full.elements.index(("meta", {"http-equiv": "Content-Security-Policy", "content": policy})) < 5


def test_nothing_is_inline_and_nothing_is_fetched(full):
    for tag, attributes in full.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
        assert tag not in ("link", "iframe", "object", "embed", "base", "img")
        for name in ("src", "href"):
            assert attributes.get(name, "#").startswith("#")


def test_foreign_text_stays_text():
    source = made(runs.hostile(), name=runs.HOSTILE)
    page = Page(source)
    assert {tag for tag, _ in page.elements} == {tag for tag, _ in Page(made(runs.nothing())).elements}
    assert sum(tag == "script" for tag, _ in page.elements) == 3
    assert page.payload["name"] == runs.HOSTILE
    assert html.escape("</script><img") in source.split("<style>")[0]  # the title
    assert len(source) < 600_000  # long texts are cut
    assert "letters more" in page.payload["provenance"]["texts"][0][1]


def test_a_name_that_is_not_utf8_does_not_stop_the_report():
    page = Page(made(runs.nothing(), name="run\udcff.h5"))
    assert page.payload["name"] == r"run\udcff.h5"


def test_numbers_that_are_none_are_null_and_places_that_are_none_are_left_out():
    payload = Page(made(runs.hostile())).payload
    events = {row["event_id"]: row for row in rows(payload["events"])}
    assert events[2]["latitude_deg"] is None
    assert len(payload["map"]["centre"]) == 2
    assert abs(payload["map"]["centre"][1]) < 90
    assert payload["map"]["reach_deg"] < 20  # the four that are on Earth, not 1e300 degrees north


def test_tables_hold_what_the_file_holds(case, full):
    events = rows(full.payload["events"])
    order = np.argsort(case.tables.events["first_time_s"], kind="stable")
    for row, event in zip(events, case.tables.events[order], strict=True):
        assert row["event_id"] == event["event_id"]
        assert row["kind"] == event["kind"].decode()
        assert row["latitude_deg"] == pytest.approx(event["latitude_deg"], abs=1e-5)
    units = dict(zip(full.payload["events"]["columns"], full.payload["events"]["units"], strict=True))
    assert units["peak_intensity_w_sr"] == "W/sr"
    assert len(full.payload["tracks"]["rows"]) == len(case.tables.tracks)
    assert full.payload["counts"]["detections"] == len(case.tables.detections)


def test_intensity_is_irradiance_times_range_squared(case, full):
    factor = full.payload["per_electron"]["0"]
    band = synthetic.SENSOR.bands[0]
    launch = case.objects[0]
    view = places.geodetic_to_itrs(float(launch["latitude_deg"]), float(launch["longitude_deg"]))
    expected = band.irradiance_per_e * np.sum((synthetic.POSITION - view) ** 2)
    assert factor[0] == pytest.approx(expected, rel=1e-3)  # the event lies 2 km off


def test_paths_are_free_of_the_scenes_shift(case, full):
    fire = full.payload["paths"]["2"]  # at rest on the ground: what is left is centroid noise, not jitter too
    points = case.tables.track_points[case.tables.track_points["track_id"] == 2]
    assert np.std(fire["x"]) ** 2 < np.std(points["x"]) ** 2 - 0.6 * 0.2**2
    frame = full.payload["frames"]
    shift = dict(zip(frame["frames"], frame["shift"], strict=True))
    some = frame["frames"][len(frame["frames"]) // 2]
    row = case.tables.registration[case.tables.registration["frame"] == some][0]
    assert shift[some] == pytest.approx([row["dx"], row["dy"]], abs=0.006)


def test_the_slider_shows_when_launches_were_declared(case, full):
    times = np.array(full.payload["frames"]["time"])
    for event in case.tables.events[case.tables.events["kind"] == b"launch"]:
        assert np.abs(times - event["declared_time_s"]).min() < 0.01
        assert np.abs(times - event["first_time_s"]).min() < 0.01
    assert times[0] == 0.0
    assert np.all(np.diff(times) > 0)


def test_detections_of_a_frame_are_its_own(case, full):
    frames = full.payload["frames"]
    for frame, found in zip(frames["frames"], frames["detections"], strict=True):
        mine = case.tables.detections[case.tables.detections["frame"] == frame]
        assert len(found) == len(mine)
        assert sorted(row[3] for row in found) == pytest.approx(sorted(mine["snr"]), rel=1e-2)


def test_the_score_and_the_truth_are_there(case, full):
    payload = full.payload
    assert [t["title"] for t in payload["score"]["tables"]][:2] == ["Launches", "Objects of the truth"]
    assert payload["score"]["detection"]
    assert len(payload["truth"]["rows"]) == len(case.objects)
    assert set(payload["truth"]["light"]) == {"10", "11"}
    assert Page(made(case.tables)).payload["score"] is None


def test_without_pointing_there_is_no_map():
    tables = runs.many(8)
    for name in ("latitude_deg", "longitude_deg"):
        tables.events[name] = np.nan
    assert Page(made(tables)).payload["map"] is None


def test_the_middle_of_a_map_may_lie_on_the_antimeridian():
    payload = Page(made(runs.many(60, wide=False))).payload
    assert abs(abs(payload["map"]["centre"][0]) - 180) < 5
    assert payload["map"]["reach_deg"] < 15


def test_any_run_gives_less_than_three_megabytes():
    tables = runs.many(4000, points=20)
    payload = Page(source := made(tables)).payload
    assert len(source.encode()) < MOST_BYTES
    assert payload["counts"] | {"events": 4000, "events_shown": 2000} == payload["counts"]
    kept = [row["kind"] for row in rows(payload["events"])]
    assert kept.count("launch") == payload["counts"]["launches"]  # the likeliest launches stay
    for curve in payload["curves"].values():
        assert curve[0]["t"][0] < curve[0]["t"][-1]  # thinned, not cut off
        assert curve[0]["of"] == 20


def test_pictures_fill_what_room_there_is_and_no_more():
    rng = np.random.default_rng(2)
    shape = (360, 2, 512, 512)
    noise = rng.normal(1000, 30, (5, *shape[1:])).astype(np.float32)  # nothing takes more bytes than noise
    footage = Footage(
        "big.h5", shape, synthetic.SENSOR, np.arange(360) * 0.5, None, None, None, None, "",
        lambda t: (noise[t % 5], np.ones(2, bool)),
    )  # fmt: skip
    source = made(runs.many(500), footage=footage)
    frames = Page(source).payload["frames"]
    assert len(source.encode()) < MOST_BYTES
    assert len(source.encode()) > 0.6 * MOST_BYTES
    assert frames["reduced"] == 2
    assert len(frames["frames"]) >= 4
    for band in frames["images"]:
        assert [len(view) for view in band] == [len(frames["frames"])] * 2
        assert all(uri.startswith("data:image/webp;base64,") for view in band for uri in view)


def test_a_damaged_band_has_no_picture_and_the_others_have(footage):
    def read(t):
        return footage.read(t)[0], np.array([t != 0, True])

    broken = Footage(**{**vars(footage), "read": read})
    made_ = pictures.frame_pictures(
        broken, np.array([0, 5, 9]), np.zeros((240, 2)), budget=10**6, on_progress=lambda done, total: None
    )
    assert made_["frames"] == [0, 5, 9]
    assert [bool(uri) for uri in made_["images"][0][0]] == [False, True, True]
    assert all(made_["images"][1][1])


def test_the_whitened_view_is_noise_of_unit_sigma_and_shows_what_is_new():
    rng = np.random.default_rng(8)
    scene = 500 + 200 * np.sin(np.arange(96) / 9)[None, :] * np.cos(np.arange(96) / 7)[:, None]
    level = np.linspace(5, 20, 96)[None, :]  # noisier to the right
    shift = np.cumsum(rng.integers(-1, 2, (60, 2)), axis=0).astype(float)
    frames = {}

    def read(t):
        if t not in frames:
            dx, dy = shift[t].astype(int)
            moved = np.roll(scene, (dy, dx), (0, 1))
            frames[t] = (moved + level * rng.normal(size=(96, 96)))[None].astype(np.float32)
            if t == 50:
                frames[t][0, 40, 20] += 100.0
        return frames[t], np.ones(1, bool)

    z = Whitener(read, 60, shift).whitened(50, 0)
    inner = z[16:-16, 16:-16]
    assert np.std(inner) == pytest.approx(1.0, abs=0.1)
    assert np.std(inner[:, :20]) == pytest.approx(np.std(inner[:, -20:]), rel=0.25)
    assert np.unravel_index(np.argmax(z), z.shape) == (40, 20)
    first = Whitener(read, 60, shift).whitened(2, 0)  # the beginning is compared with what comes later
    assert np.std(first[16:-16, 16:-16]) == pytest.approx(1.0, abs=0.15)
    assert GUARD > 2
    alone = Whitener(lambda t: read(50), 1, np.zeros((1, 2))).whitened(0, 0)
    assert np.isfinite(alone).all()


def test_frames_that_tell_come_first(case):
    order = pictures.telling_frames(case.tables, 240)
    assert sorted(order.tolist()) == list(range(240))
    assert order[:2].tolist() == [0, 239]
    middle = np.sort(order[:40])
    assert np.diff(middle).max() <= 16  # no long stretch without one


def test_registration_is_found_whatever_the_frame():
    tables = runs.many(3)
    tables.registration["dx"] = np.arange(400)
    assert steps.scene_shift(tables, np.array([7, -3, 2**31 - 1]))[:, 0].tolist() == [7.0, 0.0, 0.0]
    assert steps.scene_shift(runs.nothing(), np.array([7])).tolist() == [[0.0, 0.0]]


def area_deg2(polygons):
    """Signed area of rings in the plane of longitude and latitude."""
    total = 0.0
    for polygon in polygons:
        for ring in polygon:
            x, y = np.array(ring).T
            total += 0.5 * np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])
    return total


def test_land_is_cut_to_a_box_without_loss():
    inside = land.fine_land(47.0, 8.0, 1.5)  # the Alps: land all over
    assert area_deg2(inside) == pytest.approx(-3.0 * 2 * 1.5 / np.cos(np.radians(48.5)), rel=1e-3)
    assert land.fine_land(0.0, -140.0, 5.0) == []  # the Pacific
    both = land.fine_land(-17.0, 180.0, 4.0)  # Fiji lies on both sides
    sides = [np.array(ring)[:, 0] for polygon in both for ring in polygon]
    assert min(s.min() for s in sides) < 180 < max(s.max() for s in sides)
    assert len(land.coarse_land()) > 100


def test_vendored_files_are_those_of_the_sums_and_carry_their_licences():
    vendor = files("boostwatch.assess.report").joinpath("static", "vendor")
    for line in vendor.joinpath("SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256(vendor.joinpath(name).read_bytes()).hexdigest() == digest
    script = vendor.joinpath("d3-geo.min.js").read_text("utf-8")
    for licence in ("LICENSE-d3-geo", "LICENSE-d3-array"):
        assert vendor.joinpath(licence).read_text() in script


def test_scripts_cannot_end_their_element():
    static = files("boostwatch.assess.report").joinpath("static")
    for place in [
        *static.joinpath("js").iterdir(),
        *static.joinpath("vendor").iterdir(),
        static.joinpath("report.css"),
    ]:
        if place.name.endswith((".js", ".css")):
            assert not re.search(r"</(script|style)|<!--", place.read_text("utf-8"), re.IGNORECASE), place.name


def test_the_command(events_file, stack_file, tmp_path, capsys):
    out = tmp_path / "report.html"
    assert cli.run(["report", str(events_file), "--stack", str(stack_file), "-o", str(out)]) == 0
    assert capsys.readouterr().out.startswith(f"{out}: ")
    payload = Page(out.read_text("utf-8")).payload
    assert payload["score"] is not None
    assert payload["map"]["footprint"]
    assert payload["map"]["tracks"]
    before = out.read_bytes()
    assert cli.run(["report", str(tmp_path / "none.h5"), "-o", str(out)]) == 66
    assert cli.run(["report", str(stack_file), "-o", str(out)]) == 65
    assert cli.run(["report", str(events_file), "-o", str(tmp_path / "no" / "r.html")]) == 73
    assert cli.run(["report", str(events_file), "-o", str(events_file)]) == 2
    assert cli.run(["report", str(events_file), "--stack", str(events_file), "-o", str(out)]) == 65
    assert out.read_bytes() == before


def test_another_stack_is_refused(events_file, stack_file, tmp_path, capsys):
    tables = store.read_events(events_file)
    tables.provenance["input_sha256"] = "0" * 64
    other = tmp_path / "other.events.h5"
    store.write_events(other, tables)
    out = tmp_path / "report.html"
    assert cli.run(["report", str(other), "--stack", str(stack_file), "-o", str(out)]) == 2
    assert "came from another stack" in capsys.readouterr().err
    assert not out.exists()


def test_a_failed_write_leaves_the_old_page(events_file, tmp_path, monkeypatch):
    out = tmp_path / "report.html"
    out.write_text("old")

    def refuse(path, data):
        raise CannotCreate("no room", path=path)

    monkeypatch.setattr(store, "write_bytes", refuse, raising=False)
    assert cli.run(["report", str(events_file), "-o", str(out)]) == 73
    assert out.read_text() == "old"
