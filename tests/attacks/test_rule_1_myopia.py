"""Rule 1, its limit: how a forecaster that values only its stake shades its report near an empty escrow.

Such a forecaster takes keep * gain where a gain goes to its children, and the whole loss where its stake bears it. With
an empty escrow and no rent it does best to report what its belief becomes when the outcomes on which it would gain
are weighed by keep; if that falls short of the odds, it reports the odds. A debt above any gain, or enough held for any
loss, makes both slopes equal, and the belief is best again.

`python tests/attacks/test_rule_1_myopia.py` prints the measured table.
"""

from __future__ import annotations

import pytest
from best_response import Report, climb, far

from harness import SALT, TOKENS, World
from headwater.cascade import Leaf
from headwater.twin import Escrow, Scale, capacity, growth, net
from headwater.units import BPS, GWEI, WAD
from randomised import undone

P_MIN = 10**16
WAGER = 1_000 * TOKENS
RESERVE = 100_000 * TOKENS
EVEN = (WAD // 2, WAD // 2)
AMPLE = 10**24
"""More than any question here can bring or cost, wei."""


def best_report(belief: Report, keep_bps: int, *, held: int = 0, debt: int = 0, rent_bps: int = 0) -> Report:
    """Best report at even odds of who values its stake only, by search on the twins."""
    scale = Scale.of(P_MIN, rent_bps)
    filled = capacity(RESERVE, EVEN, scale)
    escrow = Escrow(keep_bps=keep_bps, buffer=10**25, held=held, debt=debt)

    def value(report: Report) -> int:
        total = 0
        for b, p, q in zip(belief, report, EVEN, strict=True):
            total += b * escrow.settle(0, net(WAGER, growth(p, q), filled, WAGER, scale))[1]
        return total

    return climb(value, EVEN, P_MIN)


def foretold(belief: Report, keep_bps: int) -> float:
    """The formula: probability of outcome 0 a myopic forecaster reports at even odds, for a belief above one half."""
    weighed = keep_bps / BPS * belief[0]
    return max(0.5, weighed / (weighed + belief[1]))


def sure(first: float) -> Report:
    p = round(first * WAD)
    return p, WAD - p


BELIEFS = (0.6, 0.75, 0.9, 0.96)
KEEPS = (1_000, 3_000, 5_000, 9_000, 10_000)


@pytest.mark.parametrize("keep_bps", KEEPS)
@pytest.mark.parametrize("belief", BELIEFS)
def test_with_an_empty_escrow_a_myopic_report_is_shaded_as_foretold(belief: float, keep_bps: int) -> None:
    found = best_report(sure(belief), keep_bps)
    assert found[0] / WAD == pytest.approx(foretold(sure(belief), keep_bps), abs=2e-4)


@pytest.mark.parametrize("keep_bps", KEEPS)
@pytest.mark.parametrize("state", [{"held": AMPLE}, {"debt": AMPLE}], ids=["holds", "owes"])
def test_away_from_zero_even_a_myopic_forecaster_reports_its_belief(state: dict[str, int], keep_bps: int) -> None:
    for belief in BELIEFS:
        assert far(best_report(sure(belief), keep_bps, **state), sure(belief)) < 10**14


def test_the_distortion_fades_as_the_escrow_fills() -> None:
    belief, worst = sure(0.75), AMPLE
    found = []
    for held in (0, WAGER // 20, WAGER // 10, WAGER // 5, worst):
        found.append(best_report(belief, 1_000, held=held)[0])
    assert found == sorted(found)
    assert found[0] == EVEN[0]
    assert far((found[-1], 0), (belief[0], 0)) < 10**14


def test_with_rent_a_myopic_forecaster_stops_where_it_nets_nothing() -> None:
    """The kink lies where gain meets rent, not at the odds: it shades to a net of zero and sits there."""
    scale = Scale.of(P_MIN, 100)
    report = best_report(sure(0.6), 1_000, rent_bps=100)
    nets = [
        net(WAGER, growth(p, q), capacity(RESERVE, EVEN, scale), WAGER, scale)
        for p, q in zip(report, EVEN, strict=True)
    ]
    assert report[0] > EVEN[0]
    assert abs(nets[0]) < WAGER // 10**5


@pytest.mark.parametrize("buffer", [0, 1_000 * TOKENS])
def test_the_bytecode_pays_a_myopic_forecaster_for_shading_unless_its_buffer_is_full(world: World, buffer: int) -> None:
    """Belief 0.75, even odds, keep 10%: by the stake alone the odds beat the belief, unless a buffer holds enough."""
    who, me, belief = world.forecasters[0], world.governor.address, sure(0.75)
    series = world.series(min_wager=1, forgetting=0, smoothing=0, feed=me, rent_bps=0)
    made = world.announce(who, [Leaf(world.providers[0].address, 0, 1)], 1_000, buffer // GWEI * GWEI)
    world.play(world.open(series, EVEN), {0: (sure(0.99), 5_000 * TOKENS)}, outcome=0)
    assert (world.system.escrow(who.address, made.version).held > 0) == (buffer > 0)
    question = world.open(series, EVEN)

    def value(report: Report) -> int:
        total = 0
        with undone(world.backend):
            before = world.system.stake(who.address).bonded
            who.commit(question, report, WAGER, SALT)
            times = world.system.question(question).times
            world.travel(times.commit_end)
            world.stranger.reveal(question, who.address, report, SALT)
            world.travel(times.resolve_after)
            for outcome in range(2):
                with undone(world.backend):
                    world.governor.resolve(question, outcome)
                    world.settle(question, 0)
                    total += belief[outcome] * (world.system.stake(who.address).bonded - before)
        return total

    assert (value(belief) > value(EVEN)) == (buffer > 0)
    assert value(belief) > value(sure(0.9))


if __name__ == "__main__":
    print("best report of a forecaster that values its stake only; even odds, no rent, escrow at 0")
    print("keep     " + "".join(f"belief {belief:<6}" for belief in BELIEFS))
    for keep in KEEPS:
        print(f"{keep / BPS:<9.0%}" + "".join(f"{best_report(sure(b), keep)[0] / WAD:<13.4f}" for b in BELIEFS))
