"""Choosing sellers: by measured value for money, within the budget, with a share for the unknown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater_agents.market.choice import Candidate, ChoiceConfig, choose, value_of
from headwater_agents.policies import PolicyError

CONFIG = ChoiceConfig(prior_weight=10, trust=1.5, explore=0.0, enough=0, forgive=1)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def known(name: str, price: int, worth: int, bought: int = 1_000) -> Candidate:
    """A seller whose signals were worth so much each."""
    return Candidate(name=name, price=price, bought=bought, credit=worth * bought)


def test_the_best_value_for_money_is_bought_first() -> None:
    sellers = [known("fair", 100, 110), known("dear", 100, 105), known("cheap", 50, 90)]
    assert choose(CONFIG, sellers, 150, rng()) == ("fair", "cheap")
    assert choose(CONFIG, sellers, 50, rng()) == ("cheap",)
    assert choose(CONFIG, sellers, 250, rng()) == ("fair", "dear", "cheap")


def test_what_was_worth_less_than_its_price_is_not_bought() -> None:
    assert choose(CONFIG, [known("poor", 100, 90), known("harmful", 100, -50)], 10_000, rng()) == ()


def test_a_claim_lifts_a_stranger_no_higher_than_trust_allows() -> None:
    stranger = Candidate(name="x", price=100)
    assert value_of(CONFIG, stranger) == 100
    assert value_of(CONFIG, Candidate(name="x", price=100, claimed=10**30)) == 150
    assert value_of(CONFIG, Candidate(name="x", price=100, claimed=40)) == 40
    assert value_of(CONFIG, Candidate(name="x", price=100, claimed=10**30, shown=20)) == 20


def test_experience_outweighs_any_claim() -> None:
    liar = Candidate(name="x", price=100, bought=1_000, credit=0, claimed=10**30)
    assert value_of(CONFIG, liar) < 2


def test_whoever_took_money_for_nothing_too_often_is_left_out() -> None:
    sellers = [Candidate(name="once", price=10, faults=1), Candidate(name="twice", price=10, faults=2)]
    assert choose(CONFIG, sellers, 100, rng()) == ("once",)


def test_a_share_of_the_budget_goes_to_whoever_is_least_known() -> None:
    config = ChoiceConfig(explore=0.2, enough=20)
    sellers = [known("best", 80, 800), known("second", 20, 100), Candidate(name="new", price=20, shown=1)]
    assert choose(config, sellers, 100, rng()) == ("best", "new")
    assert choose(ChoiceConfig(explore=0.0, enough=20), sellers, 100, rng()) == ("best", "second")


def test_chance_decides_between_strangers_who_are_alike() -> None:
    config = ChoiceConfig(explore=1.0, enough=20)
    strangers = [Candidate(name=str(number), price=10, shown=1) for number in range(10)]
    first = {choose(config, strangers, 10, rng(seed)) for seed in range(100)}
    assert len(first) == 10


candidates = st.lists(
    st.builds(
        Candidate,
        name=st.uuids().map(str),
        price=st.integers(0, 100),
        bought=st.integers(0, 50),
        credit=st.integers(-5_000, 5_000),
        claimed=st.none() | st.integers(0, 10**9),
        shown=st.none() | st.integers(-100, 100),
        faults=st.integers(0, 3),
    ),
    max_size=12,
)


@given(candidates, st.integers(0, 500), st.floats(0, 1), st.integers(0, 2**32))
@settings(deadline=None)
def test_the_budget_holds_and_nobody_is_bought_from_twice(
    sellers: list[Candidate], budget: int, explore: float, seed: int
) -> None:
    chosen = choose(ChoiceConfig(explore=explore), sellers, budget, rng(seed))
    assert len(set(chosen)) == len(chosen)
    by_name = {each.name: each for each in sellers}
    assert sum(by_name[name].price for name in chosen) <= budget
    assert all(by_name[name].faults <= 1 for name in chosen)


@pytest.mark.parametrize("change", [{"prior_weight": 0}, {"trust": 0.5}, {"explore": 1.1}, {"enough": -1}])
def test_settings_that_make_no_sense_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(PolicyError, match="prior_weight must be above 0"):
        ChoiceConfig(**change)  # type: ignore[arg-type]
