"""BG/NBD and Gamma-Gamma: published figures, the definitions worked out slowly, and simulated customers."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from rulecrm.insight.lifetime import ahead, repeats, spending
from rulecrm.insight.lifetime.counted import Collapsed

SAMPLE = Path(__file__).parent / "cdnow_sample.txt"

PUBLISHED = np.array([0.243, 4.414, 0.793, 2.426])
"""r, alpha, a, b of the CDNOW sample: Fader, Hardie and Lee, Marketing Science 24 (2005), table 2."""


def of(x: list[int], recency: list[int], age: list[int]) -> Collapsed:
    size = len(x)
    numbers = (np.array(one, np.int64) for one in (x, recency, age, [1] * size, range(size)))
    return Collapsed(*numbers)


def one_likelihood(r: float, alpha: float, a: float, b: float, x: int, t: float, age: float) -> float:
    """Equation (6) of the paper, as it stands."""
    g, beta = math.gamma, lambda u, v: math.gamma(u) * math.gamma(v) / math.gamma(u + v)
    lasting = beta(a, b + x) / beta(a, b) * g(r + x) * alpha**r / (g(r) * (alpha + age) ** (r + x))
    if x == 0:
        return lasting
    return lasting + beta(a + 1, b + x - 1) / beta(a, b) * g(r + x) * alpha**r / (g(r) * (alpha + t) ** (r + x))


parameters = st.tuples(*(st.floats(0.05, 8) for _ in range(4)))


@st.composite
def histories(draw: st.DrawFn, most: int = 20) -> Collapsed:
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        age = draw(st.integers(0, 800))
        x = draw(st.integers(0, min(most, age)))
        rows.append((x, draw(st.integers(x, age)) if x else 0, age))
    return of(*(list(column) for column in zip(*rows, strict=True)))


@settings(max_examples=40)
@given(parameters, histories())
def test_the_likelihood_is_that_of_the_paper(values: tuple[float, ...], found: Collapsed) -> None:
    rows = zip(found.repeats.tolist(), found.recency.tolist(), found.age.tolist(), strict=True)
    expected = sum(math.log(one_likelihood(*values, x, t / 7, age / 7)) for x, t, age in rows)
    assert repeats.likelihood_of(found)(np.array(values))[0] == pytest.approx(expected, rel=1e-9, abs=1e-9)


def slopes(likelihood: object, values: np.ndarray, step: float = 1e-5) -> np.ndarray:
    moved = np.eye(len(values)) * step * values
    pairs = [(likelihood(values + one)[0], likelihood(values - one)[0]) for one in moved]  # type: ignore[operator]
    return np.array([up - down for up, down in pairs]) / (2 * step * values)


@settings(max_examples=20)
@given(parameters, histories(most=5_000))
def test_slopes_are_those_of_the_likelihood_however_often_one_buys(values: tuple[float, ...], found: Collapsed) -> None:
    likelihood, at = repeats.likelihood_of(found), np.array(values)
    height, slope = likelihood(at)
    assert np.isfinite(height)
    assert slope == pytest.approx(slopes(likelihood, at), rel=1e-4, abs=1e-3 * (1 + abs(height)))


@settings(max_examples=20)
@given(
    st.tuples(*(st.floats(0.2, 20) for _ in range(3))),
    st.lists(st.tuples(st.integers(1, 3_000), st.floats(0.01, 1e5)), min_size=1, max_size=5),
)
def test_slopes_of_values(values: tuple[float, ...], rows: list[tuple[int, float]]) -> None:
    likelihood = spending.likelihood_of(np.array([float(x) for x, _ in rows]), np.array([z for _, z in rows]))
    height, slope = likelihood(np.array(values))
    assert np.isfinite(height)
    assert slope == pytest.approx(slopes(likelihood, np.array(values)), rel=1e-4, abs=1e-3 * (1 + abs(height)))


def test_the_density_of_values_is_one() -> None:
    def density(z: float) -> float:
        likelihood = spending.likelihood_of(np.array([3.0]), np.array([z]))
        return math.exp(likelihood(np.array([6.0, 4.0, 15.0]))[0])

    assert integrate.quad(density, 0, math.inf)[0] == pytest.approx(1, abs=1e-6)


def test_one_customer_of_the_note_on_excel() -> None:
    """Fader, Hardie and Lee, Implementing the BG/NBD Model for Customer Base Analysis in Excel (2005): E(Y(39)) = 1.226."""
    x, recency, age = (np.array([one]) for one in (2, 213, 272))
    expected = ahead.expected(PUBLISHED, x, age, np.array([39 * 7.0]))[0, 0]
    assert round(float(expected * repeats.alive(PUBLISHED, x, recency, age)[0]), 3) == 1.226


def slow_expected(values: tuple[float, ...], x: int, age: float, days: float) -> float:
    """The integral over p as it is defined, its density written out in the logit so that quadrature finds it."""
    r, alpha, a, b = values
    r, alpha, b = r + x, alpha + age, b + x
    norm = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)

    def density(s: float) -> float:
        log_p, log_q = -np.logaddexp(0, -s), -np.logaddexp(0, s)
        p = math.exp(log_p)
        return math.exp(a * log_p + b * log_q - norm) * -math.expm1(-r * math.log1p(p * days / alpha)) / p

    centre = math.log(a / b)
    edges = [centre + one for one in (-300, -60, -20, -5, 0, 5, 20, 60, 300)]
    return sum(integrate.quad(density, *ends, limit=200, epsabs=0)[0] for ends in itertools.pairwise(edges))


@settings(max_examples=20)
@given(
    st.tuples(*(st.floats(0.2, 30) for _ in range(4))), st.integers(0, 5_000), st.integers(0, 900), st.integers(1, 900)
)
def test_what_is_expected_is_its_integral(values: tuple[float, ...], x: int, age: int, days: int) -> None:
    found = ahead.expected(np.array(values), np.array([x]), np.array([age]), np.array([float(days)]))[0, 0]
    assert found == pytest.approx(slow_expected(values, x, age / 7, days / 7), rel=1e-6)


def test_many_ages_of_one_frequency_are_read_between_a_few() -> None:
    ages = np.arange(0, 700, 3)
    many = ahead.expected(PUBLISHED, np.full(len(ages), 4), ages, np.array([7.0, 90.0]))
    each = [ahead.expected(PUBLISHED, np.array([4]), np.array([age]), np.array([7.0, 90.0]))[0] for age in ages]
    assert many == pytest.approx(np.array(each), rel=1e-8)


def test_nobody_stops_where_nobody_can() -> None:
    rate = ahead.expected(np.array([2.0, 10.0, 1e-4, 1e4]), np.array([3]), np.array([70]), np.array([70.0]))
    assert rate[0, 0] == pytest.approx(5 / 20 * 10, rel=1e-3)


def test_later_purchases_count_less() -> None:
    x, age = np.array([0, 3, 40]), np.array([5, 200, 300])
    days = np.arange(366.0)
    daily = np.diff(ahead.expected(PUBLISHED, x, age, days), axis=1)
    expected = (daily * 1.2 ** (-(days[1:] - 0.5) / 365)).sum(axis=1)
    assert ahead.discounted(PUBLISHED, x, age, 365.0, 0.2) == pytest.approx(expected, rel=1e-6)
    assert ahead.discounted(PUBLISHED, x, age, 365.0, 0.0) == pytest.approx(daily.sum(axis=1))


def simulated(
    draw: np.random.Generator, values: np.ndarray, size: int, weeks: float
) -> tuple[list[np.ndarray], np.ndarray]:
    """Instants of repeats in weeks after the first purchase, told event by event; and each customer's rate."""
    r, alpha, a, b = values
    out = []
    rates, stops = draw.gamma(r, 1 / alpha, size), draw.beta(a, b, size)
    for rate, stop in zip(rates, stops, strict=True):
        now, found = 0.0, []
        while True:
            now += draw.exponential(1 / max(rate, 1e-300))
            if now > weeks:
                break
            found.append(now)
            if draw.random() < stop:
                break
        out.append(np.array(found))
    return out, rates


def test_moments_are_those_of_simulated_customers() -> None:
    draw = np.random.Generator(np.random.PCG64(7))
    lives, _ = simulated(draw, PUBLISHED, 20_000, 80.0)
    nobody = np.array([0])
    for edges in ((0.0, 7.0, 14.0), (0.0, 280.0, 560.0)):
        once, twice = ahead.moments(PUBLISHED, nobody, nobody, np.array(edges))
        for index in range(2):
            low, high = edges[index] / 7, edges[index + 1] / 7
            counts = np.array([np.count_nonzero((one > low) & (one <= high)) for one in lives], np.float64)
            pairs = counts * (counts - 1)
            assert once[0, index] == pytest.approx(counts.mean(), abs=4 * counts.std() / 141)
            assert twice[0, index] == pytest.approx(pairs.mean(), abs=4 * pairs.std() / 141)


def test_intervals_hold_the_parameters_and_what_follows() -> None:
    """Customers are made by the model itself: 95 % intervals hold the truth in most of the shops."""
    true = np.array([0.6, 8.0, 0.9, 3.0])
    held = np.zeros(4)
    for seed in range(5):
        draw = np.random.Generator(np.random.PCG64(seed))
        lives, _ = simulated(draw, true, 800, 52.0)
        days = [np.unique(np.ceil(one * 7).astype(np.int64)) for one in lives]
        rows = pl.DataFrame(
            {"x": [len(one) for one in days], "t": [int(one[-1]) if len(one) else 0 for one in days], "age": 364}
        )
        found = repeats.fit_repeats(of(*(rows[name].to_list() for name in ("x", "t", "age"))))
        assert found.converged
        low, high = (np.array(one) for one in zip(*found.intervals(0.95), strict=True))
        held += (low <= true) & (true <= high)
    assert (held >= 3).all()


def test_a_parameter_at_the_edge_is_named() -> None:
    # Everybody buys every week and nobody stops: there is nothing by which customers differ.
    found = repeats.fit_repeats(of([50] * 40, [350] * 40, [352] * 40))
    assert found.at_bound
    assert found.covariance is None
    assert all(low is None for low, _ in found.intervals(0.95))


def test_the_sample_is_the_paper_s() -> None:
    assert len(sample()) == 2_357


def sample() -> list[str]:
    lines = SAMPLE.read_text("utf-8").splitlines()
    return [one for line in lines if not line.startswith("#") for one in line.split()]


def test_probabilities_of_being_alive() -> None:
    ages = np.array([300, 300, 300])
    found = repeats.alive(PUBLISHED, np.array([0, 5, 5]), np.array([0, 290, 20]), ages)
    assert found[0] == 1
    assert found[1] > 0.8
    assert found[2] < 0.1
    # Theirs is the ratio of the likelihood of having lasted to the whole.
    whole = one_likelihood(*PUBLISHED, 5, 20 / 7, 300 / 7)
    beta = lambda u, v: math.gamma(u) * math.gamma(v) / math.gamma(u + v)  # noqa: E731
    r, alpha, a, b = PUBLISHED
    lasted = beta(a, b + 5) / beta(a, b) * math.gamma(r + 5) * alpha**r / (math.gamma(r) * (alpha + 300 / 7) ** (r + 5))
    assert found[2] == pytest.approx(lasted / whole)
