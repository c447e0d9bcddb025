"""Random histories of the DealEscrow beside a model: every refusal has its reason, no wei is lost, made or stuck."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import ClassVar

import pytest
from deal_model import Bound, Job, Model, Side, first
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from deal_cases import GIFT, RECORD, Hall, new_hall
from harness import LocalBackend
from headwater.chain import Reverted
from headwater.chain.revm import RevmBackend
from headwater.deals import Deal, Price
from headwater.deals.escrow import DealStatus, Payout, deal_id, id_of
from headwater.deals.twin import Verdict
from headwater.units import WAD
from randomised import trials

PEOPLE, SPAN, NONCES = 5, 60, 2
FREE_HAND = PEOPLE - 1
"""Who takes what it earns into its free balance."""
CHANCES = {
    "open": 2,
    "bind": 9,
    "bar": 1,
    "report": 2,
    "finish": 1,
    "settle": 4,
    "collect": 2,
    "lapse": 1,
    "withdraw": 1,
    "travel": 1,
}
SEEDS = st.integers(0, 2**32 - 1)


class Histories(RuleBasedStateMachine):
    """The escrow and the model, side by side; at the end everybody gets out, and nothing is left."""

    hall: ClassVar[Hall]
    done: ClassVar[Counter[tuple[str, str]]]

    def __init__(self) -> None:
        super().__init__()
        self.mark = self.hall.backend.snapshot()
        self.people = self.hall.people[:PEOPLE]
        self.model = Model(pocket=[GIFT] * PEOPLE, free=[0] * PEOPLE, flowed=[0] * PEOPLE)
        self.steps, self.sound = 0, True
        for who in range(PEOPLE):
            self._deposit(who, GIFT // 2)

    # verbs

    @rule(seed=SEEDS)
    def act(self, seed: int) -> None:
        """A few steps: Hypothesis searches for (and shrinks) the sequence, and each rule makes many choices."""
        self.random = Random(seed << 32 | self.steps)
        for name in self.random.choices(list(CHANCES), list(CHANCES.values()), k=6):
            self._step(name)

    def _step(self, name: str) -> None:
        self.steps += 1
        self.sound = False
        if name in ("open", "withdraw", "travel") or self.model.jobs:
            getattr(self, f"_{name}")()
        self._check()
        self.sound = True

    def _attempt(self, verb: str, reason: str | None, call: Callable[[], object]) -> bool:
        """Whether the contract takes the call, as the model says, and refuses it for the reason it says."""
        self.done[verb, reason or ""] += 1
        if reason is None:
            call()
            return True
        with pytest.raises(Reverted) as caught:
            call()
        assert caught.value.reason == reason
        return False

    @property
    def now(self) -> int:
        return self.hall.backend.now()

    def _who(self) -> int:
        return self.random.randrange(PEOPLE)

    def _job(self) -> Job:
        live = [job for job in self.model.jobs if job.is_open(self.now)]
        return self.random.choice(live if live and self.random.random() < 0.8 else self.model.jobs)

    def _side(self, job: Job, known: float) -> Side:
        if job.deals and self.random.random() < known:
            return self.random.choice(list(job.deals))
        # Few payers, so that their rewards are soon promised.
        payer = self.random.randrange(PEOPLE - 3)
        payee = self.random.choice([who for who in range(PEOPLE) if who != payer])
        return payer, payee, self.random.randrange(NONCES)

    def _price(self) -> Price:
        share = self.random.choice((0, WAD // 3, WAD, WAD))
        return Price(((0, share), (5, WAD // 4))) if self.random.random() < 0.5 else Price.fixed(share)

    def _named(self, job: Job, side: Side) -> bytes:
        payer, payee, nonce = side
        return deal_id(job.number, self.people[payer].address, self.people[payee].address, nonce)

    def _deposit(self, who: int, amount: int) -> None:
        self.people[who].deposit(amount)
        self.model.pocket[who] -= amount
        self.model.free[who] += amount

    def _withdraw(self) -> None:
        who, amount = self._who(), self.random.choice((1, GIFT // 8, GIFT))
        reason = "deals: free balance too small" if amount > self.model.free[who] else None
        if self._attempt("withdraw", reason, lambda: self.people[who].withdraw(amount)):
            self.model.free[who] -= amount
            self.model.pocket[who] += amount

    def _open(self) -> None:
        sponsor, resolver = self._who(), self._who()
        pot, deadline = self.random.choice((0, 7, GIFT // 10)), self.now + self.random.randint(1, SPAN)
        if pot > self.model.pocket[sponsor]:
            return
        salt = self.steps.to_bytes(32, "big")
        number = self.people[sponsor].open_task(pot, self.people[resolver].address, deadline, salt)
        self.model.pocket[sponsor] -= pot
        self.model.jobs.append(Job(number, sponsor, resolver, pot, deadline))

    def _bind(self) -> None:
        job = self._job()
        side, price = self._side(job, 0.6), self._price()
        old = job.deals.get(side, Bound())
        revision = old.revision + 1 if old.price is not None else 0
        if self.random.random() < 0.2:
            revision = self.random.randrange(4)
        deposit = self.random.choice((0, 0, 0, 0, 9, self.model.free[side[0]] + old.deposit, GIFT))
        forged = self.random.choice(("",) * 8 + ("payer", "payee"))
        expired = self.random.random() < 0.1
        deal = self.hall.deal(
            job.number,
            price,
            deposit=deposit,
            nonce=side[2],
            revision=revision,
            expires=self.now - 1 if expired else self.now,
            payer=self.people[side[0]],
            payee=self.people[side[1]],
        )
        reason = self.model.why_not_bind(job, side, revision, price, deposit, forged, expired, self.now)
        call = "amend" if revision else "open_deal"
        if self._attempt(call, reason, lambda: self._bring(deal, forged)):
            self.model.bind(job, side, revision, price, deposit)

    def _bring(self, deal: Deal, forged: str) -> None:
        payer, payee = self.hall.signatures(deal)
        other = replace(deal, nonce=deal.nonce + 1)
        wrong_payer, wrong_payee = self.hall.signatures(other)
        signatures = wrong_payer if forged == "payer" else payer, wrong_payee if forged == "payee" else payee
        assert self.hall.stranger.open_deal(deal, signatures) == id_of(deal)

    def _bar(self) -> None:
        job = self._job()
        side, who = self._side(job, 0.7), self._who()
        deal = job.deals.get(side, Bound())
        reason = first(
            (
                (who not in side[:2], "deals: caller is no side of the deal"),
                (deal.barred or deal.settled, "deals: deal is barred or settled"),
            )
        )
        payer, payee, nonce = side
        words = (job.number, self.people[payer].address, self.people[payee].address, nonce)
        if self._attempt("bar", reason, lambda: self.people[who]._send("bar", *words)):
            job.deals.setdefault(side, Bound()).barred = True

    def _report(self) -> None:
        job = self._job()
        who = job.resolver if self.random.random() < 0.8 else self._who()
        some = self.random.sample(range(PEOPLE), self.random.randrange(3))
        rewards = {each: self.random.choice((0, 3, job.pot // 3, job.pot)) for each in some}
        verdicts = {}
        for side, deal in job.deals.items():
            if deal.price is not None and deal.verdict is None and self.random.random() < 0.6:
                verdicts[side] = Verdict(
                    payer_kept=self.random.random() < 0.7,
                    payee_kept=self.random.random() < 0.7,
                    observed=self.random.choice((0, 4, 5, 99)),
                    revision=deal.revision if self.random.random() < 0.9 else deal.revision + 1,
                )
        reason = self.model.why_not_report(job, who, rewards, self.now)
        outdated: list[bytes] = []

        def call() -> None:
            named = {self._named(job, side): verdict for side, verdict in verdicts.items()}
            paid = {self.people[each].address: reward for each, reward in rewards.items()}
            outdated.extend(self.people[who].report(job.number, paid, named))

        if self._attempt("report", reason, call):
            job.closed = True
            job.rewards.update(rewards)
            for side, verdict in verdicts.items():
                if verdict.revision == job.deals[side].revision:
                    job.deals[side].verdict = verdict
                else:
                    assert self._named(job, side) in outdated

    def _finish(self) -> None:
        job = self._job()
        who = job.resolver if self.random.random() < 0.8 else self._who()
        reason = first(
            (
                (not job.is_open(self.now), "deals: task is not open"),
                (who != job.resolver, "deals: caller is not the resolver"),
            )
        )
        if self._attempt("finish", reason, lambda: self.people[who].finish(job.number, RECORD)):
            job.finished = True
            self.model.give_back(job)

    def _settle(self) -> None:
        job = self._job() if self.random.random() < 0.3 else self.random.choice(self.model.jobs)
        self._settle_one(job, self._side(job, 0.9))

    def _settle_one(self, job: Job, side: Side) -> None:
        payer, payee, nonce = side
        price = job.deals.get(side, Bound()).price or Price.fixed(0)
        words = (job.number, self.people[payer].address, self.people[payee].address, nonce, price.packed)
        reason = self.model.why_not_settle(job, side, self.now)
        came: list[tuple[int, int, int]] = []

        def call() -> None:
            event = self.hall.stranger._send("settle", *words).event("Settled")
            came.append((event["share"], event["paid"], event["refunded"]))

        if self._attempt("settle", reason, call):
            assert came == [self.model.settle(job, side)]

    def _collect(self) -> None:
        self._collect_one(self.random.choice(self.model.jobs), self._who())

    def _collect_one(self, job: Job, who: int) -> None:
        reason = first(
            (
                (not job.finished, "deals: task is not finished"),
                (job.unsettled(who) > 0, "deals: deals that the reward backs are not settled"),
            )
        )
        came: list[int] = []
        address = self.people[who].address
        if self._attempt("collect", reason, lambda: came.append(self.hall.stranger.collect(job.number, address))):
            assert came == [self.model.collect(job, who, who == FREE_HAND)]

    def _lapse(self) -> None:
        self._lapse_one(self.random.choice(self.model.jobs))

    def _lapse_one(self, job: Job) -> None:
        reason = first(
            (
                (job.finished or job.is_open(self.now), "deals: task has not lapsed"),
                (job.returned, "deals: pot was returned"),
            )
        )
        if self._attempt("lapse", reason, lambda: self.hall.stranger.lapse(job.number)):
            self.model.give_back(job)

    def _travel(self) -> None:
        ahead = [job.deadline for job in self.model.jobs if not job.finished and job.deadline > self.now]
        # To the next deadline, or just before it.
        stop = min(ahead, default=self.now + 9) - self.random.randrange(2)
        self.hall.backend.time_travel(max(stop, self.now))

    # what must hold

    def _check(self) -> None:
        hall, model = self.hall, self.model
        assert hall.escrow.owed() == model.owed() == hall.balance(hall.escrow.address)
        assert [hall.free(desk) for desk in self.people] == model.free
        assert [hall.balance(desk.address) for desk in self.people] == model.pocket
        for job in self.model.jobs[-2:]:
            state = hall.escrow.task(job.number)
            assert (state.awarded, state.closed, state.returned) == (
                sum(job.rewards.values()),
                job.closed,
                job.returned,
            )
            for who, desk in enumerate(self.people):
                entry = hall.escrow.entry(job.number, desk.address)
                assert (entry.committed, entry.unsettled) == (job.committed(who), job.unsettled(who))
                assert entry.reward == job.rewards.get(who, 0)
                assert not job.finished or entry.net == job.nets[who]
            for side, deal in job.deals.items():
                found = hall.escrow.state(job.number, self._named(job, side))
                assert (found.barred, found.revision, found.verdict) == (deal.barred, deal.revision, deal.verdict)
                assert found.deposit == (0 if deal.settled else deal.deposit)
                assert (found.status is DealStatus.NONE) == (deal.price is None)

    def teardown(self) -> None:
        """Everybody gets out: whatever happened, anybody can end it, and nothing stays behind."""
        try:
            if self.sound:
                self._leave()
        finally:
            self.hall.backend.revert(self.mark)

    def _leave(self) -> None:
        last = max((job.deadline for job in self.model.jobs), default=self.now)
        self.hall.backend.time_travel(max(last, self.now))
        for job in self.model.jobs:
            for side, deal in job.deals.items():
                if deal.price is not None and not deal.settled:
                    self._settle_one(job, side)
            if not job.finished and not job.returned:
                self._lapse_one(job)
            for who in range(PEOPLE):
                if job.finished:
                    self._collect_one(job, who)
        for who, amount in enumerate(self.model.free):
            if amount:
                self.people[who].withdraw(amount)
                self.model.pocket[who] += amount
                self.model.free[who] = 0
        self._check()
        assert self.hall.escrow.owed() == 0
        assert [self.hall.inflow(desk) for desk in self.people] == self.model.flowed
        assert sum(self.model.pocket) + sum(self.model.flowed) == PEOPLE * GIFT


def test_random_histories_of_the_escrow_follow_the_model_and_everybody_gets_out() -> None:
    backend: LocalBackend = RevmBackend(seed=9)
    hall = new_hall(backend)
    hall.people[FREE_HAND].set_payout(Payout.FREE)
    done: Counter[tuple[str, str]] = Counter()
    machine = type("DealHistories", (Histories,), {"hall": hall, "done": done})
    run_state_machine_as_test(machine, settings=settings(trials(12), stateful_step_count=15))
    assert done["open_deal", "deals: the payer's reward is promised already"] > 0
    for verb in ("open_deal", "amend", "bar", "report", "finish", "settle", "collect", "lapse", "withdraw"):
        assert done[verb, ""] >= 5, f"{verb} hardly ever happened"
        assert sum(count for (name, why), count in done.items() if name == verb and why) >= 5, (
            f"{verb} was never refused"
        )
