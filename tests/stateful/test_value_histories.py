"""Random histories of the ValueRegistry beside a model: no wei is lost, made or stuck, and what happened stays so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from harness import new_backend
from headwater.chain import Reverted, TransactionRejected
from headwater.covenant import AgreementRecord, ValueDesk
from headwater.units import WAD
from randomised import EFFORT
from value_cases import (
    DAY,
    GIFT,
    JOIN_WINDOW,
    MIN_BOND,
    PROVER_BPS,
    UNBONDING,
    Commons,
    forged,
    new_commons,
    sealed,
    system,
)

PEOPLE = 4
STEPS = 120


@dataclass
class Person:
    """What the model says of somebody: wei and seconds. `numbers` are the first weights declared, in order."""

    bond: int = 0
    ready: int = 0
    declared: list[float] = field(default_factory=list)
    joined: dict[int, tuple[int, int]] = field(default_factory=dict)  # agreement -> (declaration, left or 0)
    barred: set[int] = field(default_factory=set)

    @property
    def open(self) -> int:
        return sum(left == 0 for _, left in self.joined.values())


@pytest.fixture(scope="module")
def _deployed() -> Commons:
    return new_commons(new_backend(seed=6), people=PEOPLE)


@pytest.fixture
def commons(_deployed: Commons) -> Iterator[Commons]:
    snapshot = _deployed.backend.snapshot()
    yield _deployed
    _deployed.backend.revert(snapshot)


class History:
    """Draws a step, says what the rules make of it, plays it, and compares."""

    def __init__(self, commons: Commons, rng: np.random.Generator) -> None:
        self.commons, self.rng = commons, rng
        self.people = [Person() for _ in range(PEOPLE)]
        self.agreements: list[tuple[AgreementRecord, float]] = []
        self.treasury = commons.balance(commons.treasury)
        self.wallets = [GIFT] * PEOPLE
        self.donated = 0
        self.done: set[str] = set()

    def step(self) -> None:
        who = int(self.rng.integers(PEOPLE))
        verbs = [self.declare, self.declare, self.propose, *[self.join] * 5, *[self.leave] * 3, self.deposit]
        verbs += [*[self.withdraw] * 2, *[self.slash] * 3, self.donate, *[self.wait] * 2]
        verb = verbs[int(self.rng.integers(len(verbs)))]
        verb(who, self.people[who], self.commons.people[who])
        self.compare()

    def _may(self, allowed: bool, name: str, act: object) -> bool:
        """Play it; it must go through exactly if the model allows it."""
        assert callable(act)
        try:
            act()
        except (Reverted, TransactionRejected):
            assert not allowed, name
            return False
        assert allowed, name
        self.done.add(name)
        return True

    def declare(self, who: int, person: Person, desk: ValueDesk) -> None:
        first = float(self.rng.choice([0.2, 0.5, 0.8]))
        bond = int(self.rng.choice(np.array([0, MIN_BOND // 2, MIN_BOND, 3 * MIN_BOND], dtype=object)))
        mine = sealed(first, weights=0.7)
        desk.commit(mine)
        enough = person.bond + bond >= MIN_BOND and bond <= self.wallets[who]
        if self._may(enough, "declare", lambda: desk.reveal(mine, bond)):
            person.declared.append(first)
            person.bond += bond
            self.wallets[who] -= bond
            person.ready = self._time() + UNBONDING

    def propose(self, who: int, person: Person, desk: ValueDesk) -> None:
        first = float(self.rng.choice([0.2, 0.5, 0.8]))
        self.agreements.append((self.commons.agree(system(first)), first))
        self.done.add("propose")

    def join(self, who: int, person: Person, desk: ValueDesk) -> None:
        if not self.agreements or not person.declared:
            return
        made, first = self.agreements[-int(self.rng.integers(1, min(6, len(self.agreements)) + 1))]
        number = made.number
        old = bool(self.rng.random() < 0.2)
        on = 1 if old else len(person.declared)
        now = self.commons.backend.now()
        allowed = (
            now < made.registered + JOIN_WINDOW
            and number not in person.joined
            and number not in person.barred
            and person.bond >= MIN_BOND * (person.open + 1)
            and on == len(person.declared)
            and abs(person.declared[-1] - first) * 2 <= 0.7
        )
        signed = forged(desk, made, on)
        relayer = self.commons.people[int(self.rng.integers(PEOPLE))]
        if self._may(allowed, "join", lambda: relayer.relay(signed)):
            person.joined[number] = (on, 0)

    def leave(self, who: int, person: Person, desk: ValueDesk) -> None:
        number = int(self.rng.integers(1, len(self.agreements) + 2))
        inside = [each for each, (_, left) in person.joined.items() if left == 0]
        if inside and self.rng.random() < 0.7:
            number = inside[0]
        allowed = (
            number <= len(self.agreements) and number not in person.barred and person.joined.get(number, (0, 0))[1] == 0
        )
        if self._may(allowed, "leave", lambda: desk.leave(number)):
            if number in person.joined:
                person.joined[number] = (person.joined[number][0], self._time())
                person.ready = self._time() + UNBONDING
            else:
                person.barred.add(number)

    def deposit(self, who: int, person: Person, desk: ValueDesk) -> None:
        amount = int(self.rng.integers(1, 2 * 10**9)) * (MIN_BOND // 10**9)
        if self._may(amount <= self.wallets[who], "deposit", lambda: desk.deposit(amount)):
            person.bond += amount
            self.wallets[who] -= amount

    def withdraw(self, who: int, person: Person, desk: ValueDesk) -> None:
        allowed = person.bond > 0 and person.open == 0 and self.commons.backend.now() >= person.ready
        if self._may(allowed, "withdraw", desk.withdraw):
            self.wallets[who] += person.bond
            person.bond = 0

    def slash(self, who: int, person: Person, desk: ValueDesk) -> None:
        number = int(self.rng.integers(1, len(self.agreements) + 2))
        amount = int(self.rng.choice(np.array([0, 1, 7, MIN_BOND // 3, MIN_BOND, 2**200], dtype=object)))
        prover = int(self.rng.integers(PEOPLE))
        left = person.joined.get(number, (0, 0))[1]
        allowed = number in person.joined and (left == 0 or self.commons.backend.now() < left + UNBONDING)
        address = self.commons.people[prover].address
        if self._may(allowed, "slash", lambda: self.commons.slash(desk, number, amount, address)):
            taken = min(amount, person.bond)
            person.bond -= taken
            self.wallets[prover] += taken * PROVER_BPS // 10_000
            self.treasury += taken - taken * PROVER_BPS // 10_000

    def donate(self, who: int, person: Person, desk: ValueDesk) -> None:
        amount = min(self.wallets[who], WAD + 3)
        commons = self.commons
        commons.token.send("transfer", commons.registry.address, amount, sender=desk.account)
        self.wallets[who] -= amount
        self.donated += amount
        if self.rng.random() < 0.5:
            assert desk.sync() == self.donated
            self.treasury += self.donated
            self.donated = 0

    def wait(self, who: int, person: Person, desk: ValueDesk) -> None:
        self.commons.travel(int(self.rng.choice([1, DAY, DAY, UNBONDING - 2, UNBONDING])))

    def _time(self) -> int:
        return self.commons.backend.block_time(self.commons.backend.block_number())

    def compare(self) -> None:
        commons, registry = self.commons, self.commons.registry
        assert registry.owed() == sum(person.bond for person in self.people)
        assert commons.balance(registry.address) == registry.owed() + self.donated
        assert commons.balance(commons.treasury) == self.treasury
        for person, desk, wallet in zip(self.people, commons.people, self.wallets, strict=True):
            bond = registry.bond(desk.address)
            assert (bond.amount, bond.open, bond.ready) == (person.bond, person.open, person.ready)
            assert commons.balance(desk.address) == wallet
            assert registry.declarations(desk.address) == len(person.declared)

    def audit(self) -> None:
        """History stands: every declaration and membership there ever was; and everybody gets out with everything."""
        registry = self.commons.registry
        for person, desk in zip(self.people, self.commons.people, strict=True):
            for number, first in enumerate(person.declared, 1):
                assert registry.declaration(desk.address, number).system == system(first)
            for made, _ in self.agreements:
                on, left = person.joined.get(made.number, (0, 0))
                found = registry.membership(made.number, desk.address)
                assert registry.was_member(made.number, desk.address) == (made.number in person.joined)
                assert registry.is_member(made.number, desk.address) == (made.number in person.joined and left == 0)
                assert found.declaration == on
                assert (found.left == left) or made.number in person.barred
        for made, _ in self.agreements:
            inside = [person.joined.get(made.number, (0, 1))[1] == 0 for person in self.people]
            assert registry.agreement(made.number).members == len(registry.members(made.number)) == sum(inside)
        for person, desk in zip(self.people, self.commons.people, strict=True):
            for number, (_, left) in person.joined.items():
                if left == 0:
                    desk.leave(number)
        self.commons.travel(UNBONDING)
        for person, desk in zip(self.people, self.commons.people, strict=True):
            if person.bond:
                assert desk.withdraw() == person.bond
        self.commons.stranger.sync()
        assert registry.owed() == self.commons.balance(registry.address) == 0
        assert sum(self.commons.balance(desk.address) for desk in self.commons.people) == sum(self.wallets) + sum(
            person.bond for person in self.people
        )


def _play(commons: Commons, seed: int, steps: int) -> set[str]:
    history = History(commons, np.random.default_rng([9, seed]))
    for _ in range(steps):
        history.step()
    history.audit()
    return history.done


@pytest.mark.parametrize("seed", range(4))
def test_no_history_loses_makes_or_keeps_a_wei_or_forgets_anything(commons: Commons, seed: int) -> None:
    done = _play(commons, seed, STEPS)
    assert {"declare", "propose", "join", "leave", "deposit", "withdraw", "slash"} <= done


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 100 + 8 * EFFORT))
def test_no_long_history_does_either(commons: Commons, seed: int) -> None:
    done = _play(commons, seed, 4 * STEPS)
    assert {"declare", "propose", "join", "leave", "deposit", "withdraw", "slash"} <= done
