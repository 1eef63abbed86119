"""How many are needed: published examples, a second package, and the power that is then there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.stats.power import TTestIndPower
from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

from rulecrm import RulesError
from rulecrm.insight.statistics import Sizes, required_size, required_size_of_means


@pytest.mark.parametrize(("effect", "needed"), [(0.50, 64), (0.80, 26), (1.00, 17)])
def test_sizes_for_means_are_the_published_ones(effect: float, needed: int) -> None:
    # J. Cohen, A power primer, Psychological Bulletin 112, 1992, table 2; 1988, table 2.4.1: power 0.80, alpha 0.05
    assert required_size_of_means(1, effect) == Sizes(needed, needed)


def test_the_rule_of_sixteen() -> None:
    # R. Kohavi, R. Longbotham, D. Sommerfield, R. M. Henne, Controlled experiments on the web, Data Mining and Knowledge
    # Discovery 18, 2009, section 3.2.1: 5 % convert, a change of 5 % of that is to be seen, 16 p (1 - p) / change²
    assert required_size(0.05, 0.0025).control == pytest.approx(121_600, rel=0.03)


@given(
    st.floats(0.01, 0.9),
    st.floats(-0.3, 0.3),
    st.sampled_from([0.8, 0.9, 0.95, 0.99]),
    st.sampled_from([0.5, 0.8, 0.9, 0.95]),
    st.sampled_from([0.5, 1.0, 2.0, 9.0]),
)
def test_a_second_package_says_the_same_of_shares(
    base: float, uplift: float, level: float, power: float, ratio: float
) -> None:
    if not 0.005 < base + uplift < 0.995 or abs(uplift) < 0.002:
        return
    found = required_size(base, uplift, level=level, power=power, ratio=ratio)
    # theirs is of the first arm, the treated; their ratio is the second arm by the first
    treated = samplesize_proportions_2indep_onetail(
        uplift, base, power, ratio=1 / ratio, alpha=(1 - level) / 2, alternative="larger" if uplift > 0 else "smaller"
    )
    assert found.treated == pytest.approx(max(2, np.ceil(treated)), abs=1)
    assert found.control == pytest.approx(max(2, np.ceil(treated / ratio)), abs=1)


@pytest.mark.parametrize("effect", [0.03, 0.2, 0.45, 2.5])
@pytest.mark.parametrize(("level", "power", "ratio"), [(0.95, 0.8, 1.0), (0.99, 0.9, 4.0), (0.9, 0.5, 0.5)])
def test_a_second_package_says_the_same_of_means(effect: float, level: float, power: float, ratio: float) -> None:
    found = required_size_of_means(10, -10 * effect, level=level, power=power, ratio=ratio)
    control = TTestIndPower().solve_power(effect, power=power, alpha=(1 - level) / 2, ratio=ratio, alternative="larger")
    assert found.control == pytest.approx(max(2, np.ceil(control)), abs=1, rel=1e-3)
    assert found.treated == pytest.approx(found.control * ratio, abs=ratio + 1)


def test_with_as_many_the_uplift_is_found_as_often_as_asked() -> None:
    sizes = required_size(0.02, 0.008, ratio=4)
    random = np.random.default_rng(11)
    treated = random.binomial(sizes.treated, 0.028, 20_000)
    control = random.binomial(sizes.control, 0.020, 20_000)
    pooled = (treated + control) / sizes.total
    error = np.sqrt(pooled * (1 - pooled) * (1 / sizes.treated + 1 / sizes.control))
    found = np.abs(treated / sizes.treated - control / sizes.control) > norm.ppf(0.975) * error
    assert found.mean() == pytest.approx(0.8, abs=0.015)


@given(st.floats(0.01, 0.5), st.floats(0.01, 0.4), st.floats(0.5, 0.98), st.floats(0.2, 0.98))
def test_asking_more_never_needs_fewer(base: float, uplift: float, level: float, power: float) -> None:
    plain = required_size(base, uplift, level=level, power=power).total
    assert required_size(base, uplift * 0.7, level=level, power=power).total >= plain
    assert required_size(base, uplift, level=level + 0.01, power=power).total >= plain
    assert required_size(base, uplift, level=level, power=power + 0.01).total >= plain
    assert required_size(base, uplift, level=level, power=power, ratio=9).total >= plain - 2


def test_the_pre_period_saves_what_it_explains() -> None:
    plain, adjusted = required_size_of_means(100, 2), required_size_of_means(100, 2, correlation=-0.6)
    assert adjusted.total / plain.total == pytest.approx(1 - 0.6**2, abs=1e-3)


@pytest.mark.parametrize(
    ("base", "uplift", "options", "words"),
    [
        (2, 0.005, {}, "write 2 % as `0.02`"),
        (0.02, 0, {}, "an uplift of 0"),
        (0.9, 0.2, {}, "not to 1.1"),
        (0.02, float("nan"), {}, "uplift of nan"),
        (0.02, 0.01, {"level": 1.0}, "level is 1"),
        (0.02, 0.01, {"power": 80}, "power is 80"),
        (0.02, 0.01, {"ratio": 0}, "ratio is 0"),
    ],
)
def test_what_cannot_be_asked_is_said(base: float, uplift: float, options: dict[str, float], words: str) -> None:
    with pytest.raises(RulesError) as error:
        required_size(base, uplift, **options)
    assert [one.code for one in error.value.diagnostics] == ["R819"]
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("deviation", "uplift", "options"),
    [
        (0, 1, {}),
        (float("nan"), 1, {}),
        (1, 0, {}),
        (1, float("inf"), {}),
        (1, 1, {"correlation": 1}),
        (1, 1, {"power": 0}),
        (1, 1, {"level": 0}),
        (1, 1, {"ratio": -1}),
    ],
)
def test_what_cannot_be_asked_of_means_is_said(deviation: float, uplift: float, options: dict[str, float]) -> None:
    with pytest.raises(RulesError, match="R819"):
        required_size_of_means(deviation, uplift, **options)
