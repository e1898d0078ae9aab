"""The report in a browser: it is silent, asks for nothing, and its slider, map and tables do what they should."""

import itertools
import shutil
from dataclasses import replace

import numpy as np
import pytest

from boostwatch.assess.report import report_page
from boostwatch.assess.report.page import static
from boostwatch.assess.score import score
from tests.assess import runs, synthetic
from tests.assess.test_report import footage_of

api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install 'boostwatch[test]'")
BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here: apt-get install chromium")

CREATED = "2026-03-02T00:00:00Z"


@pytest.fixture(scope="module")
def browser():
    with api.sync_playwright() as play:
        started = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Pages by name, as files."""
    case = synthetic.scene()
    footage = footage_of(case)
    result = score(case.tables, objects=case.objects, samples=case.samples, shape=footage.shape, frame_period_s=0.5)
    unpointed = runs.many(30, wide=False)
    unpointed.signal_unit = "DN"
    for name in ("latitude_deg", "longitude_deg"):
        unpointed.events[name] = np.nan
    swir, mwir = footage.sensor.bands
    half = replace(footage, sensor=replace(footage.sensor, bands=(swir, replace(mwir, gain_e_per_dn=np.nan))))
    pages = {
        "full": report_page(case.tables, name="made.events.h5", created=CREATED, footage=footage, score=result),
        "empty": report_page(runs.nothing(), name="empty.events.h5", created=CREATED),
        "many": report_page(runs.many(500), name="many.events.h5", created=CREATED),
        "near": report_page(runs.many(60, wide=False), name="near.events.h5", created=CREATED),
        "half": report_page(
            replace(case.tables, signal_unit=""), name="half.events.h5", created=CREATED, footage=half, score=result
        ),
        "unpointed": report_page(unpointed, name="list.events.h5", created=CREATED),
        "hostile": report_page(runs.hostile(), name=runs.HOSTILE, created=CREATED),
    }
    place = tmp_path_factory.mktemp("pages")
    for name, page in pages.items():
        (place / f"{name}.html").write_text(page, "utf-8")
    return place


@pytest.fixture
def visit(browser, sources):
    """Open a page by name; at the end there was no word on the console and no request but for the file itself."""
    contexts, heard, asked = [], [], []

    def go(name, *, width=1360, height=900, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(4000)
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: heard.append("dialog"))
        url = (sources / f"{name}.html").as_uri()
        page.goto(url)
        assert heard == []
        page.wait_for_selector("html[data-ready]")
        page.wait_for_timeout(50)
        asked[:] = [each for each in asked if each != url and not each.startswith("data:")]
        return page

    yield go
    for context in contexts:
        context.close()
    assert heard == []
    assert [each for each in asked if not each.startswith("data:")] == []


def wider_than_its_window(page):
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


def texts(page, selector):
    return page.eval_on_selector_all(selector, "all => all.map(node => node.textContent)")


@pytest.mark.parametrize("name", ["full", "empty", "many", "near", "unpointed", "hostile"])
def test_every_page_is_silent_and_fits_a_telephone_and_a_screen(visit, name):
    for width in (390, 1360):
        page = visit(name, width=width)
        assert not wider_than_its_window(page)
        words = page.inner_text("body")
        for slip in ("NaN", "undefined", "[object", "Infinity"):
            assert slip not in words
        assert page.eval_on_selector_all("svg [d*=NaN], svg [x*=NaN], svg [transform*=NaN]", "all => all.length") == 0


def test_the_page_has_landmarks_headings_in_order_and_names(visit):
    page = visit("full")
    levels = page.eval_on_selector_all("h1, h2, h3", "all => all.map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    for landmark in ("header", "nav", "main", "footer"):
        assert page.locator(landmark).count() == 1
    assert page.locator("html[lang=en]").count() == 1
    for table in page.locator("table").all():
        assert table.locator("caption").inner_text()
        assert table.locator("thead th[scope=col]").count() > 1
    for image in page.locator("svg[role=img]").all():
        names = image.get_attribute("aria-labelledby").split()
        assert all(page.locator(f"#{n}").text_content() for n in names)
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, select, input")].filter(node => !node.getAttribute("aria-label")
            && !node.textContent.trim() && !(node.labels && node.labels.length)).length"""
    )
    assert nameless == 0


def test_the_first_tab_leads_to_the_skip_link_and_focus_shows(visit):
    page = visit("full")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the findings"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.locator(".map").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_slider_moves_picture_overlay_and_cursors(visit):
    page = visit("full")

    def seen():
        page.wait_for_timeout(120)
        return page.evaluate(
            """() => ({
                told: document.querySelector("#frames output").textContent,
                picture: document.querySelector("#frames image").getAttribute("href").slice(-200),
                ring: document.querySelector("#frames .ring:not(.rim)").getAttribute("cx"),
                time: document.querySelector("#when .cursor").getAttribute("x1"),
                light: document.querySelector("#light .cursor").getAttribute("x1"),
                value: +document.querySelector("#step").value,
                spoken: document.querySelector("#step").getAttribute("aria-valuetext"),
            })"""
        )

    before = seen()
    assert "37.0 s" not in before["told"]
    page.locator("#step").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    after = seen()
    assert after["value"] == before["value"] + 3
    for part in ("told", "ring", "time", "light", "spoken"):
        assert after[part] != before[part], part
    page.get_by_role("button", name="Frame before").click()
    assert seen()["value"] == before["value"] + 2
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Pause").click()
    assert seen()["value"] > before["value"] + 2


def test_clicking_in_the_time_line_and_in_a_light_curve_seeks(visit):
    page = visit("full")
    value = "+document.querySelector('#step').value"
    steps = page.evaluate("+document.querySelector('#step').max")
    page.locator("#when svg.plot").scroll_into_view_if_needed()
    box = page.locator("#when svg.plot").bounding_box()
    page.mouse.click(box["x"] + box["width"] - 20, box["y"] + 25)
    assert page.evaluate(value) >= steps - 2
    light = page.locator("#light svg.plot").first
    light.scroll_into_view_if_needed()
    box = light.bounding_box()
    page.mouse.click(box["x"] + 60, box["y"] + 120)
    assert page.evaluate(value) < steps - 10


def test_band_view_tone_zoom_and_layers_change_what_is_shown(visit):
    page = visit("full")
    picture = "document.querySelector('#frames image').getAttribute('href').slice(-3000)"
    seen = {page.evaluate(picture)}
    for label in ("whitened", "MWIR 4.20–4.45 µm", "contrast"):
        page.locator("#frames").get_by_text(label.replace("MWIR", "mwir"), exact=True).click()
        page.wait_for_timeout(150)
        seen.add(page.evaluate(picture))
    assert len(seen) == 4
    page.locator("#frames").get_by_label("Tone").select_option("inverted")
    assert "invert" in page.evaluate("getComputedStyle(document.querySelector('#frames image')).filter")
    for label, mark in (("detections", ".found"), ("tracks", ".ring"), ("truth", ".over .true")):
        assert page.locator(f"#frames {mark}").count() > 0
        page.locator("#frames").get_by_label(label, exact=True).uncheck()
        assert page.locator(f"#frames {mark}").count() == 0
    view = "document.querySelector('#frames svg svg').getAttribute('viewBox').split(' ').map(Number)"
    page.locator("#frames").get_by_label("Zoom").select_option("4")
    page.wait_for_timeout(150)
    assert page.evaluate(view)[2] == 64.0


def test_the_map_zooms_pans_and_comes_home_by_keyboard_and_by_pointer(visit):
    page = visit("full")
    land = "document.querySelector('#where .land').getAttribute('d')"
    bar = "#where .scale text"
    home, width = page.evaluate(land), page.locator(bar).text_content()
    page.locator(".map").focus()
    for _ in range(3):
        page.keyboard.press("+")
    near = page.locator(bar).text_content()
    assert float(near.split()[0]) < float(width.split()[0])
    ellipse = page.locator("#where svg.plot .ellipse").first.bounding_box()
    page.keyboard.press("ArrowRight")
    assert page.locator("#where svg.plot .ellipse").first.bounding_box()["x"] < ellipse["x"]
    page.keyboard.press("0")
    assert page.evaluate(land) == home
    box = page.locator(".map").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 260, box["y"] + 230, steps=4)
    page.mouse.up()
    assert page.evaluate(land) != home
    page.get_by_role("button", name="Whole scene").click()
    assert page.evaluate(land) == home
    page.get_by_role("button", name="Zoom out").click()
    assert float(page.locator(bar).text_content().split()[0]) > float(width.split()[0])


def test_the_ellipse_on_the_map_is_as_large_as_the_scale_bar_says(visit):
    page = visit("full")
    page.locator(".map").focus()
    page.keyboard.press("c")
    for _ in range(6):
        page.keyboard.press("+")
    size = "node => { const { width, height } = node.getBBox(); return { width, height }; }"
    launch = page.locator("#where .event.k-launch .ellipse").first.evaluate(size)
    bar = page.locator("#where .scale path").evaluate(size)
    km_px = float(page.locator("#where .scale text").text_content().split()[0]) / bar["width"]
    s, c = np.sin(np.radians(20.0)), np.cos(np.radians(20.0))  # 6 by 4 km, 20 degrees from north
    assert launch["width"] * km_px == pytest.approx(2 * np.hypot(6 * s, 4 * c), rel=0.05)
    assert launch["height"] * km_px == pytest.approx(2 * np.hypot(6 * c, 4 * s), rel=0.05)


def test_tables_sort_filter_and_turn_pages(visit):
    page = visit("many")
    table = page.locator("#events-table")

    def column(n):
        return texts(page, f"#events-table tbody tr > :nth-child({n})")

    assert table.locator(".told").inner_text().startswith("rows 1–25 of 500")
    head = table.locator("thead button", has_text="probability").first
    head.click()
    head.click()
    assert table.locator("th[aria-sort=descending]").count() == 1
    values = [float(v) for v in column(3)]
    assert values == sorted(values, reverse=True)
    table.get_by_role("button", name="after ›").click()
    assert float(column(3)[0]) <= values[-1]
    table.locator("thead button", has_text="launch ± σ").click()
    assert "–" not in column(8)[:10]  # the unknown come last
    page.locator("#tables").get_by_label("Kind").select_option("launch")
    assert set(column(2)) == {"launch"}
    assert table.locator(".told").inner_text() == "rows 1–12 of 12 (500 without the filter)"
    slider = page.locator("#least")
    slider.focus()
    for _ in range(14):
        page.keyboard.press("ArrowRight")
    assert min(float(v) for v in column(3)) >= 0.7
    bars = page.locator("#when .life").count()
    assert bars == len(column(3)) + 1  # and one in the legend
    assert page.locator("#when text.row").count() == len(column(3))


def test_choosing_an_event_marks_it_everywhere(visit):
    page = visit("full")
    page.get_by_role("button", name="Choose event 11, launch").click()
    assert page.locator("tr[aria-current] th").inner_text() == "11"
    assert page.locator("button.launch[aria-pressed=true]").inner_text().startswith("T1 launch")
    assert page.locator("#where circle.chosen").count() == 1
    assert page.locator("#light .card.chosen h3").inner_text().startswith("T1 launch")
    assert page.locator("#when .event.chosen").count() == 1
    assert "chosen" in page.locator("#said").inner_text()
    assert page.evaluate("document.activeElement.textContent") == "11"  # the focus is not lost


def test_quantities_of_the_light_curves(visit):
    page = visit("full")
    name = "#light svg.plot text.name"
    assert any("W/sr" in text for text in texts(page, name))
    page.locator("#light").get_by_label("Quantity").select_option("q")
    assert "snr" in texts(page, name)
    page.locator("#light").get_by_label("Scale").select_option("lin")
    assert any(text == "0" for text in texts(page, "#light svg.plot .axes text"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_follow_the_system_until_chosen(visit, scheme):
    page = visit("full", color_scheme=scheme)
    paper = "getComputedStyle(document.body).backgroundColor"
    light, dark = "rgb(255, 255, 255)", "rgb(20, 23, 26)"
    assert page.evaluate(paper) == (light if scheme == "light" else dark)
    page.get_by_label("Colours").select_option("dark" if scheme == "light" else "light")
    assert page.evaluate(paper) == (dark if scheme == "light" else light)
    assert contrast_of_texts(page) >= 4.5


def contrast_of_texts(page):
    """Return the least contrast (WCAG 2) of a text's colour against the page or a panel."""
    return page.evaluate(
        """() => {
            const channels = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map((v) => {
                const s = v / 255;
                return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
            });
            const light = (colour) => {
                const [r, g, b] = channels(colour);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const behind = (node) => {
                for (let n = node; n; n = n.parentElement) {
                    const colour = getComputedStyle(n).backgroundColor;
                    if (!/, 0\\)$/.test(colour)) return colour;
                }
                return "rgb(255, 255, 255)";
            };
            const texts = "p, td, th, dt, dd, li, a, h1, h2, h3, caption, legend, label, summary, "
                + "#when svg text, #light svg text";
            const seen = (node) => node.textContent.trim() && node.getClientRects().length
                && !node.closest(".on-image");
            const ratios = [...document.querySelectorAll(texts)].filter(seen)
                .map((node) => {
                    const style = getComputedStyle(node);
                    const [a, b] = [light(node.closest("svg") ? style.fill : style.color), light(behind(node))];
                    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
                });
            return Math.min(...ratios);
        }"""
    )


def test_an_empty_run_is_said_plainly(visit):
    page = visit("empty")
    assert "No events. Nothing in these frames was called a launch" in page.locator("#findings").inner_text()
    for section in ("where", "frames", "when", "light", "tables", "score"):
        assert page.locator(f"#{section} .plain").count() > 0
        assert page.locator(f"#{section} svg.plot").count() == 0
    assert page.locator("table").count() == 0


def test_without_pointing_the_focal_plane_stands_in_for_the_map(visit):
    page = visit("unpointed")
    assert "without pointing" in page.locator("#where .plain").inner_text()
    assert page.locator("#where svg.plot").count() == 0
    assert page.locator("#frames svg.plot").bounding_box()["width"] > 400
    assert page.locator("#frames .found").count() > 0
    assert page.locator("#frames image").count() == 0


def test_paper_has_all_rows_and_no_controls(visit):
    page = visit("many", color_scheme="dark")
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#events-table").locator("tbody tr").count() == 500
    assert not page.locator("nav").is_visible()
    assert page.locator(".control:visible").count() == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("details:not([open])").count() == 0
    # Chromium repeats no head that holds a box of a button
    assert page.evaluate("getComputedStyle(document.querySelector('thead button')).display") == "contents"
    assert page.evaluate("getComputedStyle(document.querySelector('#when')).breakInside") == "avoid"
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("#events-table").locator("tbody tr").count() == 25


def test_five_hundred_events_answer_quickly(visit):
    page = visit("many")
    busy = page.evaluate(
        """() => {
            const begin = performance.now();
            const slider = document.querySelector("#step");
            for (let i = 0; i < 20; i++) { slider.value = i; slider.dispatchEvent(new Event("input")); }
            return (performance.now() - begin) / 20;
        }"""
    )
    assert busy < 400  # ms a step: ten times what it takes here


def test_names_on_the_map_keep_apart(visit):
    for name, width in (("many", 1360), ("near", 1360), ("near", 390)):
        page = visit(name, width=width)
        boxes = page.eval_on_selector_all(
            "#where .labels text",
            "all => all.map(t => t.getBBox()).map(b => [b.x, b.y + 2, b.x + b.width, b.y + b.height - 2])",
        )
        for (a, b, c, d), (e, f, g, h) in itertools.combinations(boxes, 2):
            assert a >= g or c <= e or b >= h or d <= f
        assert boxes
        arrows = page.eval_on_selector_all(
            "#where .event .heading",
            """all => all.flatMap(p => [0, 0.5, 1].map(s => p.getPointAtLength(s * p.getTotalLength())))
                .map(p => [p.x, p.y])""",
        )
        for (a, b, c, d), (x, y) in itertools.product(boxes, arrows):
            assert not (a < x < c and b < y < d)


def test_signals_without_gain_are_called_dn(visit):
    page = visit("unpointed")
    assert "signal (DN)" in page.inner_text("#light")
    assert "electrons" not in page.inner_text("#light")
    assert "signal (electrons)" in visit("many").inner_text("#light")


def test_where_one_gain_is_known_each_band_says_its_unit(visit):
    page = visit("half")
    legend = page.locator("#light .legend").inner_text().splitlines()
    assert [line.rpartition(", ")[2] for line in legend if "µm" in line] == ["e⁻", "DN"]
    plot = page.locator("#light .card").first
    assert (plot.locator(".b0").count() > 2, plot.locator("rect.b1").count()) == (True, 0)  # W/sr
    page.locator("#light").get_by_label("Quantity").select_option("e")
    assert plot.locator("rect.b1").count() > 2
    assert plot.locator(".truelight").count() == 1


def test_peak_and_burnout_have_their_sigmas(visit):
    page = visit("many")
    heads = "".join(texts(page, "#events-table thead th"))
    assert "peak ± σ (kW/sr)" in heads
    assert "burnout ± σ (s)" in heads
    page.select_option("#tables select", "launch")
    assert "250 ± 20" in page.inner_text("#events-table")
    card = page.locator(".launches li").first.inner_text()
    assert "250 ± 20 kW/sr apparent" in card
    assert "UTC ± 0.4 s" in card


def test_a_short_logarithmic_axis_has_several_ticks(browser):
    page = browser.new_page()
    page.set_content("<body></body>")
    script = (
        static("js", "format.js").split("const EPOCH_MS")[0]
        + static("js", "plot.js")
        + """
        [[210, 490], [550, 950], [2, 3], [0.4, 50], [1, 1e6], [1, 40], [3, 300], [1e-3, 2e-3]].map(([low, high]) =>
            logarithmic(low, high, 0, 100).ticks(4).map(({ value, text }) => [value, text]))"""
    )
    for ticks in page.evaluate(script):
        assert 2 <= len(ticks) <= 7
        assert len({text for _, text in ticks}) == len(ticks)
    page.close()


def test_nothing_is_wider_than_paper(visit):
    for name in ("full", "many"):
        page = visit(name, width=794)
        page.emulate_media(media="print")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        page.wait_for_timeout(100)
        wide = "[...document.querySelectorAll('table, svg.plot')].map(n => n.getBoundingClientRect().right)"
        assert max(page.evaluate(wide)) <= 795
