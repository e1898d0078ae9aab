"""Counts and numbers in words."""

import math

import pytest

from boostwatch.wording import counted, events_counted, fixed, in_words, kilowatts, with_sigma


def test_one_is_singular() -> None:
    assert [counted(n, "launch") for n in (0, 1, 2)] == ["0 launches", "1 launch", "2 launches"]
    assert [counted(n, "false track") for n in (1, 2)] == ["1 false track", "2 false tracks"]
    assert events_counted(1, 71) == "1 launch, 70 other events"
    assert events_counted(2, 3) == "2 launches, 1 other event"
    assert events_counted(0, 0) == "0 events"
    assert in_words("8 warming_up") == "8 warming up"


def test_decimals_and_what_is_not_known() -> None:
    assert fixed(-0.001, 1) == "0.0"
    assert fixed(1.5, 1, sign=True) == "+1.5"
    assert fixed(None, 2) == fixed(math.nan, 2) == "-"
    assert fixed(math.inf, 1) == "inf"
    assert with_sigma(-6.73, 4.83, 1) == "-6.7 ± 4.8"
    assert with_sigma(1.0, math.nan, 1) == "1.0"
    assert with_sigma(math.nan, 1.0, 1) == "-"


@pytest.mark.parametrize(
    ("value", "sigma", "text"),
    [
        (3.94e5, 1.02e4, "394 ± 10"),
        (1e4, 2e3, "10.0 ± 2.0"),
        (4.2e6, 1.3e5, "4200 ± 130"),
        (63462.0, math.nan, "63.5"),
        (69486.0, None, "69.5"),
        (math.nan, 2e3, "-"),
        (52.0, 8.0, "0.052 ± 0.008"),
        (0.0, math.nan, "0"),
    ],
)
def test_intensities_have_two_digits_of_their_sigma(value: float, sigma: float | None, text: str) -> None:
    assert kilowatts(value, sigma) == text
