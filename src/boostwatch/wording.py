"""How counts and numbers are put into words, wherever a person reads them."""

from __future__ import annotations

import math

UNKNOWN = "-"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: ``1 launch``, ``2 launches``."""
    return f"{count} {noun if count == 1 else noun + ('es' if noun.endswith('ch') else 's')}"


def events_counted(launches: int, events: int) -> str:
    """Return what a run found, launches first: ``1 launch, 70 other events``."""
    if not events:
        return "0 events"
    return f"{counted(launches, 'launch')}, {counted(events - launches, 'other event')}"


def in_words(name: str) -> str:
    """Return names of a file as words: ``warming up`` for ``warming_up``."""
    return name.replace("_", " ")


def fixed(value: float | None, places: int, *, sign: bool = False) -> str:
    """Return a number with so many decimals, with a sign if asked for; ``-`` is not known."""
    if value is None or math.isnan(value):
        return UNKNOWN
    text = f"{value:{'+' if sign else ''}.{places}f}"
    return text if float(text) else f"{0:.{places}f}"  # no -0.0


def with_sigma(value: float | None, sigma: float | None, places: int, *, sign: bool = False) -> str:
    """Return a number and its sigma with so many decimals: ``13.3 ± 4.8``."""
    text, error = fixed(value, places, sign=sign), fixed(sigma, places)
    return text if UNKNOWN in (text, error) else f"{text} ± {error}"


def kilowatts(intensity_w_sr: float | None, sigma_w_sr: float | None = None) -> str:
    """Return a radiant intensity in kW/sr, to two digits of its sigma (``63.5 ± 2.1``) or, without one, to three."""
    value, sigma = (math.nan if x is None else 1e-3 * x for x in (intensity_w_sr, sigma_w_sr))
    scale, digits = (sigma, 2) if sigma > 0 else (abs(value), 3)
    places = digits - 1 - math.floor(math.log10(scale)) if 0 < scale < math.inf else 0
    return with_sigma(value, sigma, min(max(places, 0), 3))
