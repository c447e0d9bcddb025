"""A play whose money is real: deals held by the escrow, rewards through the cascade, every balance as the books say."""

from __future__ import annotations

from contextlib import closing

import pytest

from headwater.chain import connect, load
from headwater.chain.client import Contract
from headwater.deals import Status
from headwater.units import WAD
from headwater_agents.bargaining import BargainError, Event, EventKind, Rational, Scripted, Stubborn, play
from headwater_agents.bargaining.onchain import Settlement, play_onchain
from headwater_agents.bargaining.played import Played
from headwater_agents.games import EscapeRoom, Game, game_from
from headwater_deploy import ProtocolConfig, plan


def settled(game: Game, agents: list, arm: str, chain: str = "revm", seed: int = 1) -> tuple[Played, Settlement]:
    with closing(connect(chain, seed=seed)) as backend:
        return play_onchain(backend, game, agents, arm, seed)


@pytest.mark.parametrize("chain", ["tester", "revm"])
def test_exact_agents_leave_the_escape_room_with_half_each_on_the_chain_too(chain: str) -> None:
    played, found = settled(EscapeRoom(), [Rational()] * 2, "full", chain)
    assert played.payoffs == (45 * WAD // 10, 45 * WAD // 10)
    (opener, holder) = found.accounts
    assert (opener.rewarded, holder.rewarded) == (10 * WAD, 0)
    # The holder's effort, a point, is borne outside: it is paid 5.5 of the opener's 10.
    assert (opener.borne, holder.borne) == (0, -WAD)
    assert (opener.balance, holder.balance) == (45 * WAD // 10, 55 * WAD // 10)
    assert found.deals == 1
    assert found.checks
    assert found.ok, found.checks


@pytest.mark.parametrize(
    ("name", "settings", "arm"),
    [
        ("escape-room", {"players": 5, "levers": 2}, "short-term"),
        ("raid", {"boss": 2000}, "talk"),
        ("haul", {"legs": 3}, "full"),
        ("software", {"specification": "table"}, "full"),
        ("matrix", {"payoffs": [[[3, 0], [5, 1]], [[3, 9], [0, 1]]]}, "full"),
    ],
)
def test_every_game_settles_to_the_wei(name: str, settings: dict, arm: str) -> None:
    game = game_from(name, settings)
    played, found = settled(game, [Rational()] * game.players, arm)
    assert found.ok, found.checks
    assert found.deals == len(played.settled) > 0
    assert [each.balance + each.borne for each in found.accounts] == list(played.payoffs)
    assert found.pot - found.returned == sum(each.rewarded for each in found.accounts)
    gains = sum(max(own, 0) for own in played.own)
    if all(share >= 0 for share in played.division.shares):  # then what the sponsor pays is what was earned, to the wei
        assert found.pot - found.returned == gains + played.team


def test_a_deadlock_brings_no_deal_to_the_chain_and_the_pot_goes_back() -> None:
    played, found = settled(EscapeRoom(), [Rational(), Stubborn()], "full")
    assert played.ended(Status.DEADLOCKED) == 1
    assert (found.deals, found.returned) == (0, found.pot)
    assert found.ok, found.checks


def test_a_payee_that_breaks_its_word_is_paid_nothing_by_the_contract() -> None:
    played, found = settled(EscapeRoom(), [Rational(), Scripted(("agree",), does="door")], "full")
    (deal,) = played.settled
    assert deal.payer_kept
    assert not deal.payee_kept
    assert deal.paid == 0
    assert found.deals == 1
    assert [each.balance for each in found.accounts] == [0, 0]
    assert [each.borne for each in found.accounts] == [-WAD, -WAD]
    assert found.ok, found.checks


def test_other_than_one_agent_a_player_is_refused_before_anything_is_sent() -> None:
    with closing(connect("revm", seed=1)) as backend:
        before = backend.block_number
        with pytest.raises(BargainError, match="takes 2 agents; got 1"):
            play_onchain(backend, EscapeRoom(), [Rational()], "full")
        assert backend.block_number == before


def test_a_deal_is_brought_before_anybody_acts_on_it() -> None:
    seen: list[str] = []
    play(
        EscapeRoom(),
        [Rational()] * 2,
        "full",
        observe=lambda event: seen.append(event.kind.value),
        relay=lambda talk: seen.append(f"brought {talk.status}"),
    )
    assert seen.index("agree") < seen.index("brought agreed") < seen.index("action")


def test_a_wei_that_came_from_elsewhere_is_noticed() -> None:
    with closing(connect("revm", seed=1)) as backend:
        sponsor, _, player, *_ = backend.dev_accounts(4)
        settings = ProtocolConfig(registries=False, covenants=False)
        (token, *_) = plan(sponsor.address, backend.nonce(sponsor.address), settings)
        meddled: list[bool] = []

        def meddle(event: Event) -> None:
            if event.kind is EventKind.ACTION and not meddled:
                contract = Contract(backend, token.address, load("HeadwaterToken").abi)
                contract.send("transfer", player.address, 1, sender=sponsor)
                meddled.append(True)

        _, found = play_onchain(backend, EscapeRoom(), [Rational()] * 2, "full", 1, observe=meddle)
    assert [held for _, held in found.checks].count(False) == 1
    assert not found.checks[0][1]
    assert not found.ok
