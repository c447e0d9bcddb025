"""A play in the making: stage by stage, then the settlement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, Final

import numpy as np
from eth_hash.auto import keccak

from headwater.chain.accounts import Account
from headwater.deals import Limits
from headwater.typed_data import Domain
from headwater_agents.bargaining.arm import Arm
from headwater_agents.bargaining.crediting import by_contribution, contributions, equally
from headwater_agents.bargaining.errors import BargainError
from headwater_agents.bargaining.events import Event, EventKind, Observe
from headwater_agents.bargaining.lessons import lesson_of
from headwater_agents.bargaining.luck import rolls
from headwater_agents.bargaining.outcome import succeeded
from headwater_agents.bargaining.plan import Leg, Plan, make_plan
from headwater_agents.bargaining.played import Checkpoint, Played, Talk, agreed, nonce_of, paid_out
from headwater_agents.bargaining.rollouts import Profile, Rollouts
from headwater_agents.bargaining.setting import BASES, MOST_FORESEEN, NOWHERE, START, Meter, Relay, Setting
from headwater_agents.bargaining.settling import deeds, rewards_of, settle
from headwater_agents.bargaining.stage import no_deal_profile, replies
from headwater_agents.bargaining.table import Desk, Negotiator, Table, View
from headwater_agents.bargaining.talks import hold, tokens
from headwater_agents.games import Game, Recorder


@dataclass
class Play:
    """One play in the making."""

    game: Game[Any]
    agents: Sequence[Negotiator]
    arm: Arm | str
    seed: int = 0
    setting: Setting | None = None
    domain: Domain = NOWHERE
    task: int | None = None
    accounts: Sequence[Account] | None = None
    meter: Meter | None = None
    observe: Observe | None = None
    clock: int = START
    relay: Relay | None = None
    _talks: list[Talk] = field(default_factory=list)
    _tables: list[tuple[Table, Table]] = field(default_factory=list)
    _checkpoints: list[Checkpoint] = field(default_factory=list)
    _words: list[Mapping[str, Any]] = field(default_factory=list)
    _spent: int = 0
    _state: Any = None
    _now: int = 0

    def __post_init__(self) -> None:
        n = self.game.players
        self._arm = Arm.of(self.arm)
        self._now = self.clock
        self._setting = self.setting or Setting()
        if len(self.agents) != n:
            raise BargainError(f"the game {self.game.name} takes {n} agents; got {len(self.agents)}")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise BargainError(f"a seed is a whole number from 0; got {self.seed!r}")
        signers = [Account.derive(self.seed, player) for player in range(n)] if self.accounts is None else self.accounts
        if len(signers) != n or len({signer.address for signer in signers}) != n:
            raise BargainError(f"every one of the {n} players signs with an account of its own; got {len(signers)}")
        self._signers = tuple(signers)
        self._addresses = tuple(signer.address for signer in signers)
        self._names = tuple(agent.name for agent in self.agents)
        if self.task is None:
            said = json.dumps([self.game.name, self.game.settings, self._arm.value, self.seed], sort_keys=True)
            self.task = int.from_bytes(keccak(said.encode()), "big")

    def run(self) -> Played:
        """Play to the end, and settle."""
        recorder = Recorder(self.game, self.seed)
        self._state = recorder.state
        intended: dict[int, str] = {}
        bound: dict[int, str] = {}
        count = 0
        while acting := self.game.acting(recorder.state):
            if self.game.stage(recorder.state):
                intended, bound = self._stage(recorder)
            actions = {
                player: self._act(recorder.state, player, intended.pop(player, None), bound.pop(player, None), count)
                for player in acting
            }
            rolled = rolls(self.game, recorder.state, actions, self.seed, count)
            recorder.step(actions, rolled)
            self._state = recorder.state
            if rolled:
                text = f"rolled {', '.join(map(str, rolled))}"
                self._tell(EventKind.ROLL, None, text, {"rolls": list(rolled)})
            count += 1
        return self._settled(recorder)

    def learned(self) -> tuple[Negotiator, ...]:
        """The agents after the play, in the order of the negotiations."""
        agents = list(self.agents)
        for talk, tables in zip(self._talks, self._tables, strict=True):
            for table in tables:
                agents[table.me] = agents[table.me].learned(lesson_of(table, talk, self.agents[table.me]))
        return tuple(agents)

    # A stage

    def _stage(self, recorder: Recorder[Any]) -> tuple[dict[int, str], dict[int, str]]:
        """What everybody intends to do in this stage, and what some have signed to do."""
        state = recorder.state
        number = len(self._checkpoints)
        base = BASES[self._setting.together if self._arm.talks else self._setting.alone]
        rollouts = Rollouts(
            self.game,
            state,
            samples=self._setting.samples,
            seed=(self.seed, 2, number),
            base=base,
            counted=self._arm.prices or self._setting.counts == "all",
            divide=contributions if self._foresees(state) else None,
            gamble=self._setting.foresight == "contribution",
            past=recorder.record.steps,
        )
        plan = make_plan(rollouts, dust=self._setting.dust) if self._arm.prices else None
        no_deal = plan.game.no_deal if plan else no_deal_profile(rollouts)[0]
        self._tell(
            EventKind.CHECKPOINT,
            None,
            f"stage {number} of players {', '.join(map(str, rollouts.players))}",
            {"players": list(rollouts.players), "no_deal": list(no_deal), "plan": plan.as_dict() if plan else None},
        )
        bound: dict[int, str] = {}
        whole = True
        for first, second, leg in self._agenda(rollouts, plan):
            terms = self._negotiate(state, rollouts, no_deal, plan, leg, (first, second))
            whole = whole and terms is not None
            bound |= terms or {}
        start = tuple(
            bound.get(player) or (plan.actions[player] if plan and whole else usual)
            for player, usual in zip(rollouts.players, no_deal, strict=True)
        )
        profile = replies(rollouts, start, bound) if self._arm.talks else start
        self._checkpoints.append(Checkpoint(rollouts.players, no_deal, plan.as_dict() if plan else None, dict(bound)))
        return dict(zip(rollouts.players, profile, strict=True)), bound

    def _foresees(self, state: Any) -> bool:
        if self._arm is not Arm.FULL or self._setting.foresight == "equal":
            return False
        joint = prod(len(self.game.moves(player)) for player in self.game.stage(state))
        return joint << self.game.players <= MOST_FORESEEN

    def _agenda(self, rollouts: Rollouts, plan: Plan | None) -> list[tuple[int, int, Leg | None]]:
        """Who negotiates with whom: the plan's legs, the lower number opening; where nothing is priced, neighbours."""
        if plan is not None:
            return [(min(leg.payer, leg.payee), max(leg.payer, leg.payee), leg) for leg in plan.legs]
        if not self._arm.talks:
            return []
        players = rollouts.players
        return [(players[at], players[at + 1], None) for at in range(0, len(players) - 1, 2)]

    def _negotiate(
        self,
        state: Any,
        rollouts: Rollouts,
        no_deal: Profile,
        plan: Plan | None,
        leg: Leg | None,
        pair: tuple[int, int],
    ) -> dict[int, str] | None:
        number = len(self._talks)
        first, second = (
            Table(
                game=self.game,
                state=state,
                me=me,
                other=other,
                accounts=self._addresses,
                names=self._names,
                arm=self._arm,
                checkpoint=len(self._checkpoints),
                rounds=self._setting.rounds,
                view=View(rollouts, me, self._arm),
                no_deal=no_deal,
                leg=leg,
                plan=plan,
                draw=float(np.random.default_rng([self.seed, 3, number, me]).random()),
            )
            for me, other in (pair, pair[::-1])
        )
        held = hold(
            (first, second),
            (self.agents[first.me], self.agents[second.me]),
            (self._signers[first.me], self._signers[second.me]),
            domain=self.domain,
            task=self.task or 0,
            nonce=nonce_of(len(self._checkpoints), number),
            limits=Limits(rounds=self._setting.rounds, reply_window=self._setting.reply_window),
            now=self._now,
            tell=self._tell,
        )
        self._now = held.now
        self._spent += sum(said.tokens for said in held.said)
        self._talks.append(Talk(len(self._checkpoints), first.me, second.me, held.negotiation, held.said))
        self._tables.append((first, second))
        deal = held.negotiation.deal
        if deal is None:
            return None
        if self.relay is not None:
            self.relay(held.negotiation)
        terms = deal.terms
        return {first.player(terms.payer): terms.payer_action, first.player(terms.payee): terms.payee_action}

    def _act(self, state: Any, player: int, intended: str | None, bound: str | None, count: int) -> str:
        choices = self.game.choices(state, player)
        base = BASES[self._setting.together if self._arm.talks else self._setting.alone]
        usual = intended if intended in choices and intended is not None else base(self.game, state, player)
        desk = Desk(
            game=self.game,
            state=state,
            me=player,
            arm=self._arm,
            bound=bound,
            usual=usual,
            choices=choices,
            draw=float(np.random.default_rng([self.seed, 4, count, player]).random()),
        )
        choice = self.agents[player].act(desk)
        self._spent += choice.tokens
        if choice.words or choice.tokens:
            self._words.append({"slot": self.game.slot(state, player), "words": choice.words, "tokens": choice.tokens})
        broken = bound is not None and bound in choices and choice.action != bound
        self._tell(
            EventKind.BREACH if broken else EventKind.ACTION,
            player,
            f"{self.game.slot(state, player)}: {choice.action}" + (f", having signed {bound}" if broken else ""),
            {"action": choice.action, "bound": bound, "words": choice.words},
        )
        return choice.action

    # The end

    def _settled(self, recorder: Recorder[Any]) -> Played:
        record, final = recorder.record, recorder.state
        own, team = self.game.own(final), self.game.team(final)
        division = (
            by_contribution(record, seed=self.seed) if self._arm is Arm.FULL else equally(team, self.game.players)
        )
        if team:
            shares = ", ".join(tokens(share) for share in division.shares)
            self._tell(
                EventKind.DIVISION,
                None,
                f"the team's {tokens(team)} are divided ({division.method}): {shares}",
                {"team": str(team), "method": division.method, "shares": [str(share) for share in division.shares]},
            )
        talks = tuple(self._talks)
        deals = agreed(talks)
        rewards = rewards_of(own, division.shares)
        observed = [self.meter(self.game, final) if self.meter else 0] * len(deals)
        settled = settle(deals, deeds(self.game, record), self._addresses, rewards, observed)
        for one in settled:
            self._tell(
                EventKind.SETTLEMENT,
                one.payer,
                f"{one.payer} pays {one.payee} {tokens(one.paid)}"
                + ("" if one.payer_kept else f"; {one.payer} broke its word")
                + ("" if one.payee_kept else f"; {one.payee} did not do its part"),
                {"payer": one.payer, "payee": one.payee, "paid": str(one.paid), "base": str(one.base)},
            )
        payoffs = paid_out(own, division, settled)
        success = succeeded(self.game, record)
        self._tell(
            EventKind.END,
            None,
            ("success" if success else "failure") + f"; payoffs {', '.join(tokens(payoff) for payoff in payoffs)}",
            {"success": success, "payoffs": [str(payoff) for payoff in payoffs]},
        )
        return Played(
            agents=tuple({"name": agent.name, **dict(agent.settings)} for agent in self.agents),
            arm=self._arm,
            seed=self.seed,
            options=self._setting.as_dict(),
            record=record,
            accounts=self._addresses,
            checkpoints=tuple(self._checkpoints),
            talks=talks,
            settled=settled,
            own=own,
            team=team,
            division=division,
            payoffs=payoffs,
            spent=self._spent,
            success=success,
            words=tuple(self._words),
        )

    def _tell(self, kind: EventKind, player: int | None, text: str, fields: Mapping[str, object]) -> None:
        if self.observe is not None:
            self.observe(
                Event(kind, max(len(self._checkpoints) - (kind in _AFTER), 0), player, text, dict(fields), self._state)
            )


_AFTER: Final = (
    EventKind.ACTION,
    EventKind.BREACH,
    EventKind.ROLL,
    EventKind.DIVISION,
    EventKind.SETTLEMENT,
    EventKind.END,
)
