"""Plays of any game through deals: what exact agents reach, that nobody gains by leaving a plan, that plays check."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest

from headwater.deals import Price, Status
from headwater_agents.bargaining import (
    Agree,
    Arm,
    BargainError,
    Event,
    EventKind,
    Halt,
    Move,
    Negotiator,
    Offer,
    Played,
    PlayedError,
    Rational,
    Rollouts,
    Scripted,
    Setting,
    Table,
    by_contribution,
    make_plan,
    play,
    read,
)
from headwater_agents.games import POINT, EscapeRoom, MatrixGame, Raid, game_from, replay

TWO = (Rational(), Rational())
PRICED = [Arm.SHORT_TERM, Arm.FULL]
QUICK = Setting(samples=2)
DILEMMA = [[[3, 0], [5, 1]], [[3, 5], [0, 1]]]


@pytest.mark.parametrize("arm", PRICED)
def test_exact_agents_share_the_escape_room_equally_and_the_deal_says_55_percent_of_the_openers_10(arm: Arm) -> None:
    played = play(EscapeRoom(), TWO, arm, seed=3)
    assert played.payoffs == (45 * POINT // 10, 45 * POINT // 10)
    assert played.success
    ((_, _, deal),) = played.deals()
    assert deal.terms.price == Price.fixed(55 * POINT // 100)
    assert (deal.terms.payer, deal.terms.payer_action) == (played.accounts[0], "door")
    assert (deal.terms.payee, deal.terms.payee_action) == (played.accounts[1], "lever")
    (settled,) = played.settled
    assert (settled.base, settled.paid) == (10 * POINT, 55 * POINT // 10)
    assert (played.rounds, played.messages) == (1, 2)


def test_without_talk_nobody_leaves_the_escape_room() -> None:
    played = play(EscapeRoom(), TWO, Arm.NO_TALK)
    assert (played.payoffs, played.success, played.talks) == ((-POINT, -POINT), False, ())


def test_haggling_ends_in_a_deal_that_both_prefer_to_none() -> None:
    played = play(EscapeRoom(), TWO, Arm.TALK)
    assert played.success
    assert min(played.payoffs) > -POINT
    assert played.rounds > 1


def test_who_haggles_knows_its_own_payoffs_only() -> None:
    class Curious(Rational):
        def open(self, table: Table) -> Move | None:
            table.view.everybodys(table.no_deal)
            return None

    with pytest.raises(BargainError, match="own payoffs only"):
        play(EscapeRoom(), (Curious(), Curious()), Arm.TALK)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_settled_payoffs_of_random_matrices_are_the_fair_ones(k: int) -> None:
    rng = np.random.default_rng(k)
    for seed in range(6):
        game = MatrixGame(rng.integers(-2 * POINT, 2 * POINT, size=(2, k, k)).tolist(), unit=1)
        plan = make_plan(Rollouts(game, game.start()))
        played = play(game, TWO, Arm.SHORT_TERM, seed)
        grain = max((leg.grain for leg in plan.legs), default=1)
        assert all(abs(got - fair) <= grain for got, fair in zip(played.payoffs, plan.game.fair, strict=True))
        assert sum(played.payoffs) == plan.game.values[-1]
        assert played.success


@pytest.mark.parametrize(("players", "levers"), [(3, 1), (4, 2), (6, 3)])
def test_n_agents_leave_the_escape_room_with_equal_payoffs(players: int, levers: int) -> None:
    played = play(EscapeRoom(players, levers), [Rational()] * players, Arm.FULL)
    assert played.success
    assert sum(played.payoffs) == (10 * (players - levers) - levers) * POINT
    assert played.spread <= 100


def test_a_dilemma_is_left_by_guarantees_that_cost_nothing_when_kept() -> None:
    game = MatrixGame(DILEMMA)
    assert play(game, TWO, Arm.NO_TALK).payoffs == (POINT, POINT)
    played = play(game, TWO, Arm.SHORT_TERM)
    assert played.payoffs == (3 * POINT, 3 * POINT)
    assert [one.paid for one in played.settled] == [0, 0]
    assert all(deal.terms.price.most > 0 for _, _, deal in played.deals())


def test_breaking_a_guarantee_forfeits_what_it_would_have_brought() -> None:
    thief = Scripted(("agree", "agree"), does="a1")

    class OpeningThief(Rational):
        def act(self, desk):  # type: ignore[no-untyped-def]
            return thief.act(desk)

    played = play(MatrixGame(DILEMMA), (OpeningThief(), Rational()), Arm.SHORT_TERM)
    assert played.own == (5 * POINT, 0)
    assert played.payoffs == (3 * POINT, 2 * POINT)
    assert not all(one.payer_kept for one in played.settled)


@pytest.mark.parametrize("shape", [(2, 2), (3, 3), (2, 2, 2), (3, 2, 2)])
def test_nobody_gains_by_leaving_a_plan_alone(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(len(shape))
    for _ in range(8):
        game = MatrixGame(rng.integers(-9, 10, size=(len(shape), *shape)).tolist())
        rollouts = Rollouts(game, game.start())
        plan = make_plan(rollouts)
        planned = plan.game.best
        for player, place in product(game_players(game), range(max(shape))):
            if place >= shape[player]:
                continue
            left = (*planned[:player], f"a{place}", *planned[player + 1 :])
            before = rollouts.prospect(planned).payoffs[player] - sum(
                leg.amount if leg.payer == player else -leg.amount
                for leg in plan.legs
                if player in (leg.payer, leg.payee)
            )
            after = rollouts.prospect(left).payoffs[player]
            if left == planned:
                continue
            for leg in plan.legs:  # what the escrow takes from whoever does not keep its word, others keeping theirs
                if leg.payer == player:
                    after -= (leg.base * leg.price(leg.amount).most) // POINT
            assert after <= before + len(plan.legs) * max((leg.grain for leg in plan.legs), default=0)


def game_players(game: MatrixGame) -> range:
    return range(game.players)


def test_a_payee_that_does_not_do_its_part_is_not_paid() -> None:
    idler = Scripted(("agree",), does="door")
    played = play(EscapeRoom(), (Rational(), idler), Arm.SHORT_TERM)
    assert played.payoffs == (-POINT, -POINT)
    (settled,) = played.settled
    assert (settled.payer_kept, settled.payee_kept, settled.paid) == (True, False, 0)


def test_a_payer_that_breaks_its_word_pays_the_most_it_signed() -> None:
    class Quitter(Rational):
        def act(self, desk):  # type: ignore[no-untyped-def]
            return Scripted(does="lever").act(desk)

    table = [[[0, 10], [0, 0]], [[0, -1], [0, -1]]]
    played = play(MatrixGame(table, names=[["door", "lever"]] * 2), (Quitter(), Rational()), Arm.SHORT_TERM)
    (settled,) = played.settled
    assert (settled.payer_kept, settled.payee_kept) == (False, True)
    assert settled.base == 0, "a share of a reward is worth nothing if the payer earns nothing"


class Pushy(Negotiator):
    """Says things that are refused before it says one that is not."""

    name = "pushy"

    def open(self, table: Table) -> Move | None:
        bad = (table.deposited(0, "window", "lever", POINT), table.deposited(0, "door", "roof", POINT))
        if len(table.refused) < 2:
            return Offer(bad[len(table.refused)])
        return Offer(table.priced(table.leg.amount if table.leg else 0))

    def reply(self, table: Table, negotiation: object) -> Move | None:
        return Halt()


def test_refused_moves_are_told_with_their_reason_and_change_nothing() -> None:
    events: list[Event] = []
    played = play(EscapeRoom(), (Pushy(), Rational()), Arm.SHORT_TERM, observe=events.append)
    refused = [event for event in events if event.kind is EventKind.REFUSED]
    assert [event.fields["reason"] for event in refused] == ["action", "action"]
    assert played.refused == 2
    assert played.payoffs == (45 * POINT // 10, 45 * POINT // 10)


def test_three_refusals_are_silence_and_silence_is_no_deal() -> None:
    class Nonsense(Pushy):
        def open(self, table: Table) -> Move | None:
            return Agree()

    played = play(EscapeRoom(), (Nonsense(), Rational()), Arm.SHORT_TERM)
    assert played.ended(Status.SILENT) == 1
    assert played.refused == 3
    assert played.payoffs == (-POINT, -POINT)


def test_plays_depend_on_their_arguments_alone_and_load_as_they_were() -> None:
    for game, agents in ((EscapeRoom(3, 1), [Rational()] * 3), (Raid(2000), [Rational()] * 4)):
        one = play(game, agents, Arm.FULL, 5, setting=QUICK)
        text = json.dumps(one.as_dict())
        assert text == json.dumps(play(game, agents, Arm.FULL, 5, setting=QUICK).as_dict())
        assert read(text) == one
        replay(one.record)


@pytest.fixture(scope="module")
def room() -> Played:
    return play(EscapeRoom(), TWO, Arm.SHORT_TERM)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"5500000000000000000"', '"5600000000000000000"'),
        ("lever", "door"),
        ('"payoffs": ["4500000000000000000"', '"payoffs": ["4600000000000000000"'),
        ("550000000000000000", "540000000000000000"),
        ('"payee_kept": true', '"payee_kept": false'),
        ('"arm": "short-term"', '"arm": "long-term"'),
        ('"status": "agreed"', '"status": "halted"'),
        ('"format": "headwater bargain 1"', '"format": "headwater bargain 2"'),
        ('"observed": "0"', '"observed": "x"'),
        ('"talks": [', '"talks": 7, "rest": ['),
    ],
)
def test_a_changed_play_is_refused(room: Played, old: str, new: str) -> None:
    text = json.dumps(room.as_dict())
    assert old in text
    with pytest.raises(PlayedError):
        read(text.replace(old, new))


def test_a_negotiation_counts_once_and_for_its_own_stage(room: Played) -> None:
    raw = room.as_dict()
    with pytest.raises(PlayedError, match="nonce"):
        read(json.dumps(raw | {"talks": raw["talks"] * 2}))
    moved = raw["talks"][0] | {"checkpoint": 1}
    with pytest.raises(PlayedError, match="nonce"):
        read(json.dumps(raw | {"talks": [moved]}))
    with pytest.raises(PlayedError):
        read(json.dumps(raw | {"talks": [], "settled": []}))


def test_whose_offer_was_taken_has_countersigned_at_once_and_without_it_a_play_settles_nothing(room: Played) -> None:
    for talk in room.talks:
        assert talk.negotiation.signatures is not None
        assert all(not said.deal_signature for said in talk.negotiation.messages[:-1])
    raw = room.as_dict()
    talks = [talk | {"transcript": talk["transcript"].rpartition("{")[0]} for talk in raw["talks"]]
    with pytest.raises(PlayedError, match="0 deals were agreed; the play settles 1"):
        read(json.dumps(raw | {"talks": talks}))


def test_no_json_is_no_play() -> None:
    for text in ("", "[]", "{}", "nonsense", "[" * 100_000):
        with pytest.raises(PlayedError):
            read(text)


def test_raid_earns_more_by_deals_than_by_those_who_count_on_nothing_but_their_own() -> None:
    alone = play(Raid(3000), [Rational()] * 4, Arm.NO_TALK, 1, setting=Setting(samples=2, counts="own"))
    together = play(Raid(3000), [Rational()] * 4, Arm.FULL, 1, setting=QUICK)
    assert together.success
    assert sum(alone.payoffs) < sum(together.payoffs)
    assert sum(together.payoffs) == sum(together.own) + together.team
    assert sum(together.division.shares) == together.team
    assert together.division.exact


def test_team_reward_is_divided_by_contribution_to_the_wei() -> None:
    played = play(Raid(2000), [Rational()] * 4, Arm.FULL, 2, setting=QUICK)
    division = by_contribution(played.record)
    assert division == played.division
    assert sum(by_contribution(played.record, most_exact=0, budget=64).shares) == played.team
    sampled = by_contribution(played.record, most_exact=0, budget=64)
    assert not sampled.exact
    assert sampled.method.startswith("shapley_")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"agents": [Rational()]}, "takes 2 agents; got 1"),
        ({"arm": "shouting"}, "the arms are no-talk"),
        ({"seed": -1}, "whole number from 0"),
        ({"accounts": []}, "account of its own"),
    ],
)
def test_what_cannot_be_played_is_refused(change: dict[str, object], said: str) -> None:
    given: dict[str, object] = {"agents": TWO, "arm": "full", "seed": 0} | change
    with pytest.raises(BargainError, match=said):
        play(EscapeRoom(), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"samples": 0}, {"alone": "lazy"}, {"counts": "none"}, {"dust": -1}])
def test_settings_out_of_range_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(BargainError):
        Setting(**change)  # type: ignore[arg-type]


def test_who_will_be_paid_by_contribution_prices_by_it() -> None:
    game = game_from("software", {"phases": 3})
    agents = [Rational()] * 6
    equal = play(game, agents, Arm.FULL, setting=Setting(foresight="equal"))
    foreseen = play(game, agents, Arm.FULL)
    assert sum(foreseen.division.shares) == foreseen.team
    assert sum(foreseen.payoffs) > sum(equal.payoffs)
    assert len(foreseen.settled) < len(equal.settled), "what is credited afterwards needs no deal before"
