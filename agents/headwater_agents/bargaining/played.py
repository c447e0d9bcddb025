"""A play as it was: its record, every negotiation in signed messages, deals, division and payoffs; as JSON and back.

Whoever has a `Played` can check all of it: the record replays, every signature and rule of every negotiation is checked
again, and deals, division and payoffs are worked out anew from those two.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from headwater import safejson
from headwater.deals import Deal, DealError, Negotiation, Status, dump
from headwater.deals import load as load_talk
from headwater_agents.bargaining.arm import Arm
from headwater_agents.bargaining.crediting import Division, by_contribution, equally
from headwater_agents.bargaining.errors import BargainError, PlayedError
from headwater_agents.bargaining.luck import check_rolls
from headwater_agents.bargaining.outcome import succeeded
from headwater_agents.bargaining.settling import Settled, deeds, rewards_of, settle
from headwater_agents.bargaining.talks import Said
from headwater_agents.games import PlayError, Record, parse, replay

FORMAT: Final = "headwater bargain 1"


@dataclass(frozen=True, slots=True)
class Talk:
    """A negotiation of a play: of which stage, between which players, and what was said on the side."""

    checkpoint: int
    first: int
    second: int
    negotiation: Negotiation
    said: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A stage of a play, for readers: who acted, the plan if one was priced, the no-deal actions, what was signed."""

    players: tuple[int, ...]
    no_deal: tuple[str, ...]
    plan: Mapping[str, Any] | None
    bound: Mapping[int, str]


@dataclass(frozen=True, kw_only=True)
class Played:
    """A play.

    Attributes:
        agents: name and settings of each player's agent.
        arm: how they bargained.
        seed: of the rolls and of every chance.
        options: samples and such, as `play` was called.
        record: actions and rolls.
        accounts: address of each player.
        checkpoints: stage by stage.
        talks: negotiations, in order.
        settled: deals, in order.
        own: wei each earned by itself; `team` together; `division` of that.
        payoffs: wei of each, all in: own + share of the team's + deals.
        spent: tokens that models used.
        success: whether the task succeeded.
    """

    agents: tuple[Mapping[str, Any], ...]
    arm: Arm
    seed: int
    options: Mapping[str, Any]
    record: Record
    accounts: tuple[str, ...]
    checkpoints: tuple[Checkpoint, ...]
    talks: tuple[Talk, ...]
    settled: tuple[Settled, ...]
    own: tuple[int, ...]
    team: int
    division: Division
    payoffs: tuple[int, ...]
    spent: int
    success: bool
    words: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def spread(self) -> int:
        """The largest payoff less the smallest, wei."""
        return max(self.payoffs) - min(self.payoffs)

    @property
    def rounds(self) -> int:
        """Offers made, in all negotiations."""
        return sum(talk.negotiation.rounds for talk in self.talks)

    @property
    def messages(self) -> int:
        """Messages accepted, in all negotiations."""
        return sum(len(talk.negotiation.messages) for talk in self.talks)

    @property
    def refused(self) -> int:
        """Attempts to speak that were refused."""
        return sum(bool(said.refused) for talk in self.talks for said in talk.said)

    def ended(self, status: Status) -> int:
        """How many negotiations ended so."""
        return sum(talk.negotiation.status is status for talk in self.talks)

    def deals(self) -> tuple[tuple[int, int, Deal], ...]:
        """What was agreed, as (number of the negotiation, stage, deal)."""
        return agreed(self.talks)

    def as_dict(self) -> dict[str, Any]:
        """As JSON: wei as decimal strings; transcripts as JSON lines."""
        return {
            "format": FORMAT,
            "agents": [dict(agent) for agent in self.agents],
            "arm": self.arm.value,
            "seed": self.seed,
            "options": dict(self.options),
            "record": self.record.fields(),
            "accounts": list(self.accounts),
            "checkpoints": [
                {
                    "players": list(one.players),
                    "no_deal": list(one.no_deal),
                    "plan": one.plan,
                    "bound": {str(player): action for player, action in one.bound.items()},
                }
                for one in self.checkpoints
            ],
            "talks": [
                {
                    "checkpoint": talk.checkpoint,
                    "first": talk.first,
                    "second": talk.second,
                    "status": talk.negotiation.status.value,
                    "transcript": dump(talk.negotiation),
                    "said": [
                        {"player": one.player, "words": one.words, "tokens": one.tokens, "refused": one.refused}
                        for one in talk.said
                    ],
                }
                for talk in self.talks
            ],
            "settled": [
                {
                    "talk": one.talk,
                    "payer": one.payer,
                    "payee": one.payee,
                    "payer_kept": one.payer_kept,
                    "payee_kept": one.payee_kept,
                    "observed": str(one.observed),
                    "base": str(one.base),
                    "paid": str(one.paid),
                }
                for one in self.settled
            ],
            "own": [str(wei) for wei in self.own],
            "team": str(self.team),
            "division": {
                "shares": [str(wei) for wei in self.division.shares],
                "method": self.division.method,
                "exact": self.division.exact,
                "error": self.division.error,
                "replays": self.division.replays,
            },
            "payoffs": [str(wei) for wei in self.payoffs],
            "words": [dict(entry) for entry in self.words],
            "measures": {
                "success": self.success,
                "spread": str(self.spread),
                "rounds": self.rounds,
                "messages": self.messages,
                "refused": self.refused,
                "tokens": self.spent,
                **{status.value: self.ended(status) for status in Status if status is not Status.OPEN},
            },
        }


def agreed(talks: tuple[Talk, ...]) -> tuple[tuple[int, int, Deal], ...]:
    """The deals of negotiations, as (number of the negotiation, stage, deal): those that both signed."""
    found = []
    for number, talk in enumerate(talks):
        deal = talk.negotiation.deal
        if deal is not None and talk.negotiation.signatures is not None:
            found.append((number, talk.checkpoint, deal))
    return tuple(found)


def nonce_of(checkpoint: int, number: int) -> int:
    """The nonce of a play's negotiation, which both sign: stage · 2³² + its number in the play."""
    return checkpoint << 32 | number


def paid_out(own: tuple[int, ...], division: Division, settled: tuple[Settled, ...]) -> tuple[int, ...]:
    """Wei of each, all in."""
    payoffs = [mine + share for mine, share in zip(own, division.shares, strict=True)]
    for deal in settled:
        payoffs[deal.payer] -= deal.paid
        payoffs[deal.payee] += deal.paid
    return tuple(payoffs)


def read(text: str) -> Played:
    """A play from the JSON text of `as_dict`, of whatever origin, with everything in it checked again.

    What cannot be checked from within, it takes on trust: names of agents, whose address is whose, plans, the states
    that were observed, that no negotiation was left out, and words and tokens.

    Raises:
        PlayedError: no JSON of a play; a record that does not replay; a message that is forged or breaks a rule; or
            deals, division or payoffs that do not follow from those.
    """
    try:
        raw = safejson.loads(text)
    except (ValueError, RecursionError) as error:
        raise PlayedError(f"a play is JSON; this is not: {error}") from None
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise PlayedError(f"a play is an object of the format {FORMAT!r}")
    try:
        return _checked(raw)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        if isinstance(error, PlayedError):
            raise
        if isinstance(error, PlayError | DealError | BargainError):
            raise PlayedError(f"the play is not sound: {error}") from error
        raise PlayedError(f"a part of the play is missing or of another kind: {error}") from None


def _checked(raw: dict[str, Any]) -> Played:
    record = parse(json.dumps(raw["record"]))
    game = record.rules()
    final = replay(record)
    check_rolls(record, int(raw["seed"]))
    accounts = tuple(str(address) for address in raw["accounts"])
    talks = tuple(_talk(number, entry, accounts) for number, entry in enumerate(raw["talks"]))
    if len({(talk.negotiation.domain, talk.negotiation.task) for talk in talks}) > 1:
        raise PlayedError("the negotiations of a play are over one task at one escrow; these are not")
    arm = Arm.of(raw["arm"])
    given = raw["division"]
    own, team = game.own(final), game.team(final)
    seed = int(raw["seed"])
    division = by_contribution(record, seed=seed) if arm is Arm.FULL else equally(team, game.players)
    _same("division", [str(wei) for wei in division.shares], given["shares"])
    rewards = rewards_of(own, division.shares)
    deals = agreed(talks)
    observed = [int(entry["observed"]) for entry in raw["settled"]]
    if len(observed) != len(deals):
        raise PlayedError(f"{len(deals)} deals were agreed; the play settles {len(observed)}")
    settled = settle(deals, deeds(game, record), accounts, rewards, observed)
    payoffs = paid_out(own, division, settled)
    played = Played(
        agents=tuple(dict(agent) for agent in raw["agents"]),
        arm=arm,
        seed=seed,
        options=dict(raw["options"]),
        record=record,
        accounts=accounts,
        checkpoints=tuple(
            Checkpoint(
                players=tuple(one["players"]),
                no_deal=tuple(one["no_deal"]),
                plan=one["plan"],
                bound={int(player): str(action) for player, action in one["bound"].items()},
            )
            for one in raw["checkpoints"]
        ),
        talks=talks,
        settled=settled,
        own=own,
        team=team,
        division=division,
        payoffs=payoffs,
        spent=int(raw["measures"]["tokens"]),
        success=succeeded(game, record),
        words=tuple(dict(entry) for entry in raw["words"]),
    )
    again = played.as_dict()
    for part in ("settled", "own", "team", "division", "payoffs", "measures", "talks"):
        _same(part, again[part], raw[part])
    return played


def _talk(number: int, entry: Mapping[str, Any], accounts: tuple[str, ...]) -> Talk:
    talk = load_talk(entry["transcript"])
    first, second = int(entry["first"]), int(entry["second"])
    # Stage and number are signed with the nonce: no negotiation counts twice, or for another stage.
    _same("a negotiation's nonce", talk.nonce, nonce_of(int(entry["checkpoint"]), number))
    _same("a negotiation's parties", [talk.first, talk.second], [accounts[first], accounts[second]])
    said = tuple(
        Said(int(one["player"]), str(one["words"]), int(one["tokens"]), str(one["refused"])) for one in entry["said"]
    )
    return Talk(int(entry["checkpoint"]), first, second, talk, said)


def _same(what: str, found: Any, said: Any) -> None:
    if found != said:
        raise PlayedError(f"{what}: what follows from the record and the messages is not what the play says")
