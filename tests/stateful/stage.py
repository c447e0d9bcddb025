"""A deployment and its model side by side: every call goes to both, and afterwards they must agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any, NoReturn

from invariants import INVARIANTS
from model import Model
from model_base import Refused
from views import Values, View, views

from harness import new_backend
from headwater.cascade import CascadeError
from headwater.chain import Receipt, Reverted
from headwater.chain.participant import Participant
from headwater.units import WAD
from headwater_deploy import HOUR, ProtocolConfig, deploy

TOKENS = WAD
CONFIG = ProtocolConfig(
    cap=103 * 10**6 * TOKENS,
    genesis_supply=10**8 * TOKENS,
    epoch=6 * HOUR,
    emission=10**6 * TOKENS,
    decay=9 * 10**17,
    cooldown=HOUR,
    min_window=60,
    max_window=2 * HOUR,
    idle_period=12 * HOUR,
    resolve_timeout=HOUR,
    covenants=False,
    deals=False,
)
"""Short periods, so that histories pass them, and a cap that the emission reaches."""

PURSE = 10**6 * TOKENS
WINDOW = 4
"""Views read after every transaction, in turn, although the model says that they have not changed."""


class Divergence(AssertionError):
    """The chain does what the rules do not say, or a rule of conservation is broken."""


class Stage:
    """One deployment on the embedded chain, used for many histories; each begins where `begin` resets it to.

    `sources` is the folder of the contracts, None for the project's own.
    """

    def __init__(self, sources: Path | None = None) -> None:
        self.backend = new_backend(seed=0)
        accounts = self.backend.dev_accounts(8)
        self.system = deploy(self.backend, accounts[0], CONFIG, sources=sources).system
        self.people = [Participant(self.system, account) for account in accounts]
        self.governor, self.stranger, *self.agents = self.people
        self.forecasters = self.agents[:3]
        self.by_address = {person.address: person for person in self.people}
        self.contracts = tuple(contract.address for contract in self.system.contracts)
        self.holders = (*self.by_address, *self.contracts)
        for person in self.people:
            for spender in (self.system.addresses.vault, self.system.addresses.treasury, self.system.addresses.cascade):
                person.approve(spender)
            if person is not self.governor:
                self.governor.transfer(person.address, PURSE)
        self.start = {person.address: PURSE for person in self.people}
        self.start[self.governor.address] = CONFIG.genesis_supply - PURSE * (len(self.people) - 1)
        self.names = {person.address: f"agent{i - 2}" for i, person in enumerate(self.people)}
        self.names |= {self.governor.address: "governor", self.stranger.address: "stranger"}
        self.names |= {address: self.system.name_of(address) for address in self.contracts}
        self._fresh = Model.of(self.system, CONFIG, self.governor.address, self.start)
        self._snapshot = self.backend.snapshot()
        self.ran: Counter[tuple[str, bool]] = Counter()
        """Transactions sent so far: (contract.function, whether it was accepted) -> how many."""
        self.begin()

    def begin(self) -> None:
        """Start a history: the chain and the model as they were right after the deployment."""
        self.backend.revert(self._snapshot)
        self._snapshot = self.backend.snapshot()
        self.model = deepcopy(self._fresh)
        self.transcript: list[str] = []
        self.preimages: dict[tuple[int, str], tuple[tuple[int, ...], bytes]] = {}
        """(question, forecaster) -> what was committed: forecast and salt."""
        self.gifts: Counter[str] = Counter()
        """Wei that people sent to contracts without a call."""
        self.first_block = self.backend.block_number() + 1
        self.seen: Values = {}
        self.before: Values = {}
        self._expected: Values = {}
        self._turn = 0
        self.tick()
        self.check()

    # Acting

    @property
    def now(self) -> int:
        return self.model.clock.now

    def tick(self) -> None:
        """Let the model see what the next transaction sees."""
        self.model.clock.now = self.backend.now()
        self.model.clock.block = self.backend.block_number() + 1

    def travel(self, timestamp: int) -> None:
        """Let the next transaction see this time, if it is still ahead."""
        if timestamp > self.backend.now():
            self.backend.time_travel(timestamp)
            self.tick()

    @contextmanager
    def same_block(self) -> Iterator[None]:
        """Put what happens inside into one block."""
        with self.backend.block():
            yield
        self.tick()

    def do(self, who: Participant, contract: str, function: str, *args: Any) -> Receipt | None:
        """Send one transaction and tell the model; the receipt, or None where both refuse.

        Raises Divergence if one of them accepts what the other refuses, or if they disagree afterwards.
        """
        self.tick()
        refusal: Exception | None = None
        try:
            getattr(getattr(self.model, contract), function)(who.address, *args)
        except (Refused, CascadeError) as error:
            refusal = error
        receipt, reverted = None, None
        try:
            receipt = getattr(self.system, contract).send(function, *args, sender=who.account)
        except Reverted as error:
            reverted = error
        verdict = "ok" if receipt else f"refused ({reverted.reason or 'no reason'})" if reverted else "?"
        self.transcript.append(
            f"{self.now} {self.names[who.address]}: {contract}.{function}{self._say(args)} {verdict}"
        )
        self.ran[f"{contract}.{function}", receipt is not None] += 1
        self.tick()
        if receipt is not None and function == "transfer":
            self.gifts[who.address] += args[1]
        if refusal is not None and receipt is not None:
            self.fail(f"the contract accepts what the rules refuse: {refusal}")
        if refusal is None and reverted is not None:
            self.fail(f"the contract refuses what the rules accept: {reverted.reason or 'no reason'}")
        self.check()
        return receipt

    def _say(self, args: tuple[Any, ...]) -> str:
        def say(value: Any) -> str:
            if isinstance(value, bytes):
                return f"0x{value.hex()}" if len(value) <= 40 else f"0x{value.hex()[:16]}…[{len(value)}]"
            if isinstance(value, list | tuple):
                return "(" + ", ".join(map(say, value)) + ")"
            return self.names.get(value, str(value)) if isinstance(value, str) else str(value)

        return say(args)

    # Checking

    def check(self, *, everything: bool = False) -> None:
        """Compare the views that changed, and some that did not, with the model; then check the invariants."""
        expected = views(self.model, self.holders)
        due: dict[View, None] = {view: None for view, value in expected.items() if self._expected.get(view) != value}
        steady = list(expected)
        first = self._turn % max(1, len(steady))
        due.update(dict.fromkeys(steady if everything else steady[first : first + WINDOW]))
        self._turn = first + WINDOW
        self._expected = expected
        self.before = {view: self.seen[view] for view in due if view in self.seen}
        for view in due:
            contract, function, args = view
            try:
                actual = getattr(self.system, contract).call(function, *args)
            except Reverted as error:
                self.fail(f"{contract}.{function}{self._say(args)} reverts: {error.reason or 'no reason'}")
            self.seen[view] = actual
            if actual != expected[view]:
                self.fail(f"{contract}.{function}{self._say(args)} is {actual}, by the rules {expected[view]}")
        for gone in self.seen.keys() - expected.keys():
            del self.seen[gone]
        for invariant in INVARIANTS:
            for problem in invariant(self.model, self.seen, self.before):
                self.fail(f"{invariant.__name__}: {problem}")

    def fail(self, what: str) -> NoReturn:
        """Raise Divergence with the history that led here."""
        raise Divergence(f"{what}\n\nafter {len(self.transcript)} transactions:\n" + "\n".join(self.transcript))
