"""Rule 7: nobody can stop or reorder another's settlement to advantage; and withholding a reveal never pays."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given

from harness import SALT, TOKENS, ZERO, World, audit, new_backend, new_world
from headwater.cascade import Leaf
from headwater.chain import Reverted
from questions import ENDINGS, Bet, Case, cases, commit_all, open_case, play_case, reveal_all, stage
from randomised import corner, trials, undone

STAKE = 10_000 * TOKENS
ODDS = (4 * 10**17, 6 * 10**17)
BETS = (
    Bet((7 * 10**17, 3 * 10**17), 3_000 * TOKENS + 1),
    Bet((2 * 10**17, 8 * 10**17), 5_000 * TOKENS),
    Bet((99 * 10**16, 10**16), 1_234 * TOKENS + 567, hidden=True),
)
CASE = Case(10**16, 25, 1_000, 50_000 * TOKENS + 3, ODDS, BETS, (0, 1, 2))


def state(world: World, series: int) -> tuple[object, ...]:
    """Every stake, and the series' money."""
    stakes = [world.system.stake(who.address) for who in world.forecasters]
    return (*((s.bonded, s.locked) for s in stakes), world.system.series_account(series), world.system.totals())


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_order_of_settlements_by_a_stranger_ends_the_same(world: World, ending: str) -> None:
    case = replace(CASE, ending=ending)
    staged = play_case(world, case)
    expected = {i: case.net(bet) for i, bet in enumerate(BETS)}
    ends = set()
    for order in permutations(range(3)):
        with undone(world.backend):
            for i in order:
                assert world.settle(staged.question, i) == expected[i]
            ends.add(state(world, staged.series))
            audit(world)
    with undone(world.backend):
        people = [who.address for who in world.forecasters]
        receipt = world.stranger.settle_many(staged.question, [world.stranger.address, *people, people[0]])
        assert [event["net"] for event in receipt.events if event.name == "Settled"] == list(expected.values())
        ends.add(state(world, staged.series))
    assert len(ends) == 1


def test_a_stranger_reveals_and_only_the_true_preimage_of_that_forecaster(world: World) -> None:
    staged = open_case(world, CASE)
    honest, thief = world.forecasters[:2]
    honest.commit(staged.question, BETS[0].report, BETS[0].wager, SALT)
    copied = world.system.arena.call("commitment_of", staged.question, honest.address, BETS[0].report, SALT)
    copy = (staged.question, copied, TOKENS, 0, 0)
    world.system.arena.send("commit", *copy, sender=thief.account)
    world.travel(staged.times.commit_end)
    for forged in ((BETS[1].report, SALT), (BETS[0].report, bytes(32))):
        with pytest.raises(Reverted, match="not the committed forecast"):
            world.stranger.reveal(staged.question, honest.address, *forged)
    world.stranger.reveal(staged.question, honest.address, BETS[0].report, SALT)
    with pytest.raises(Reverted, match="already revealed"):
        world.stranger.reveal(staged.question, honest.address, BETS[0].report, SALT)
    # Whoever copied the hash cannot open it, even with the preimage in hand: it loses as one who hides.
    with pytest.raises(Reverted, match="not the committed forecast"):
        thief.reveal(staged.question, thief.address, BETS[0].report, SALT)
    world.travel(staged.times.resolve_after)
    world.governor.resolve(staged.question, 0)
    case = replace(CASE, bets=(BETS[0], Bet(BETS[0].report, TOKENS, hidden=True)), order=(0, 1))
    assert world.settle(staged.question, 1) == case.net(case.bets[1])
    assert world.settle(staged.question, 0) == case.net(BETS[0])
    with pytest.raises(Reverted, match="no position"):
        world.settle(staged.question, 0)


@pytest.mark.parametrize("outcome", [0, 1])
def test_slash_pause_unbonding_and_a_drained_bankroll_stop_no_reveal_and_no_settlement(
    world: World, outcome: int
) -> None:
    """Everybody with a role does their worst between the commits and the settlements; the nets stay what they were."""
    system = world.system
    staged = open_case(world, CASE)
    commit_all(world, staged, CASE)
    villain = world.governor
    world.forecasters[1].request_unbond(4_000 * TOKENS)
    for who in world.forecasters:
        before = system.stake(who.address)
        villain_call = (who.address, 2**96 - 1, bytes(32))
        system.vault.send("slash", *villain_call, sender=villain.account)
        after = system.stake(who.address)
        assert (after.bonded, after.locked, after.unbonding) == (before.locked, before.locked, 0)
        with pytest.raises(Reverted, match="more than the free stake"):
            who.request_unbond(1)
    system.vault.send("set_paused", True, sender=villain.account)
    free, reserved = system.series_account(staged.series)
    system.treasury.send("withdraw", staged.series, free, villain.address, sender=villain.account)
    system.treasury.send("set_epoch_cap", staged.series, 1, sender=villain.account)
    world.travel(staged.times.commit_end)
    reveal_all(world, staged, CASE)
    world.travel(staged.times.resolve_after)
    villain.resolve(staged.question, outcome)
    for contract, role in ((system.vault, "set_slasher"), (system.treasury, "set_governor")):
        contract.send(role, ZERO, sender=villain.account)
    stakes = [system.stake(who.address).bonded for who in world.forecasters]
    for i, bet in enumerate(BETS):
        assert world.settle(staged.question, i) == CASE.net(bet, outcome)
        after = system.stake(world.forecasters[i].address)
        assert (after.bonded, after.locked) == (stakes[i] + CASE.net(bet, outcome), 0)
    assert system.series_account(staged.series) == (reserved - sum(CASE.net(bet, outcome) for bet in BETS), 0)
    # What was slashed is surplus of the treasury until somebody syncs it.
    world.stranger.system.treasury.send("sync", sender=world.stranger.account)
    audit(world)


def test_a_pause_stops_new_commits_and_deposits_and_nothing_on_the_way_out(world: World) -> None:
    who, child, system = world.forecasters[0], world.providers[0], world.system
    series = world.series()
    made = world.announce(who, [Leaf(child.address, 0, 1)], 1_000)
    question = world.open(series)
    who.commit(question, BETS[0].report, BETS[0].wager, SALT)
    system.vault.send("set_paused", True, sender=world.governor.account)
    with pytest.raises(Reverted, match="paused"):
        world.forecasters[1].commit(question, BETS[1].report, BETS[1].wager, SALT)
    with pytest.raises(Reverted, match="paused"):
        who.stake(TOKENS)
    times = system.question(question).times
    world.travel(times.commit_end)
    world.stranger.reveal(question, who.address, BETS[0].report, SALT)
    world.travel(times.resolve_after)
    world.governor.resolve(question, 0)
    net = world.settle(question, 0)
    world.stranger.release(who.address, made.version)
    assert made.leaves is not None
    world.stranger.pull_list(who.address, made.version, made.terms, made.leaves)
    before = system.balance(child.address)
    world.stranger.withdraw(child.address)
    assert system.balance(child.address) - before == net - net * 1_000 // 10_000 > 0
    who.request_unbond(system.stake(who.address).bonded)
    world.travel(system.stake(who.address).ready)
    who.withdraw_stake()
    audit(world)


def test_a_settlement_costs_the_same_gas_however_many_positions_there_are() -> None:
    world = new_world(new_backend(seed=0), forecasters=41, providers=0)
    bet = Bet((3 * 10**17, 7 * 10**17), 500 * TOKENS)
    used = []
    for count in (3, 41):
        with undone(world.backend):
            case = replace(CASE, bets=(bet,) * count, order=tuple(range(count)))
            staged = stage(world, case)
            world.governor.resolve(staged.question, 0)
            world.settle(staged.question, 0)  # the first recycled wei of a series make fresh slots
            used.append(world.stranger.settle(staged.question, world.forecasters[1].address).gas_used)
    assert abs(used[0] - used[1]) < 200


@trials(150)
@given(case=cases(stake=STAKE, funds=10**7 * TOKENS, people=3))
def test_hiding_never_nets_more_than_any_report_on_any_outcome_or_ending(case: Case) -> None:
    if case.capacity == 0:
        return
    for bet in case.bets:
        hidden = case.net(replace(bet, hidden=True))
        worst = corner(case.outcomes, case.p_min, (case.outcome + 1) % case.outcomes)
        for report in (bet.report, worst):
            assert hidden <= case.net(replace(bet, report=report, hidden=False))


@pytest.mark.parametrize("ending", ENDINGS)
def test_on_the_bytecode_the_one_who_hides_does_no_better_than_the_most_wrong(world: World, ending: str) -> None:
    """Three equal wagers: the most wrong report there is, the same hidden, and a fair one."""
    wager = 2_000 * TOKENS + 1
    wrong = corner(2, 10**16, 1)
    bets = (Bet(wrong, wager), Bet(wrong, wager, hidden=True), Bet(ODDS, wager))
    staged = play_case(world, replace(CASE, bets=bets, ending=ending))
    nets = [world.settle(staged.question, i) for i in range(3)]
    assert nets[1] <= nets[0] <= nets[2]
    assert (nets[1] < nets[0]) == (ending in ("resolved", "void late"))
