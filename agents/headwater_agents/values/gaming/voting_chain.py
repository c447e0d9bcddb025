"""The same on the bytecode: rounds of the real vote, with every combination of reports, on the chain in process.

Stake is deposited in the real vault, votes are sealed, revealed and tallied by the real contract; nothing is modelled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from eth_hash.auto import keccak

from headwater.chain import Account, Artifact, Contract, TxRequest, load
from headwater.chain import deploy as deploy_contract
from headwater.chain.participant import Participant
from headwater.chain.revm import RevmBackend
from headwater.covenant import HomophilyVote, Voter
from headwater.units import WAD
from headwater_agents.values.gaming.voting import Electorate, Report, Reports
from headwater_deploy import DAY, HOUR, ProtocolConfig, deploy

Progress = Callable[[int, int], None]
"""Told how many of how many rounds are played."""
SCALE = 10**9
_FUNDS = 10**20


class Booth:
    """A deployment on the fast chain with one voter for each weight of an electorate, and a round of its vote open."""

    def __init__(self, electorate: Electorate, artifact: Artifact | None = None, seed: int = 0) -> None:
        """`artifact` is the vote to deploy, the project's own without one."""
        self.electorate = electorate
        self.backend = RevmBackend(seed=seed)
        governor = self.backend.dev_accounts(1)[0]
        config = ProtocolConfig(
            min_window=60, epoch=DAY, cooldown=30 * DAY, registries=False, covenants=False, deals=False
        )
        self.system = deploy(self.backend, governor, config).system
        self.governor = Participant(self.system, governor)
        args = (self.system.addresses.vault, 0, 2 * SCALE, electorate.ticks, electorate.current, HOUR, HOUR, HOUR, HOUR)
        contract, _ = deploy_contract(
            self.backend, artifact or load("HomophilyVote"), *args, electorate.quorum_bps, sender=governor
        )
        self.vote = HomophilyVote(self.system, contract.address)
        self.voters = [self.voter(f"voter {i}", weight) for i, weight in enumerate(electorate.weights)]
        self.travel(self.vote.next_opening())
        self.number = Voter(self.vote, governor).open()
        self.salts = [keccak(b"salt %d" % i) for i in range(len(self.voters))]

    @property
    def contract(self) -> Contract:
        """The vote."""
        return self.vote.contract

    def voter(self, name: str, tokens: int) -> Account:
        """Somebody with so much stake, in whole tokens."""
        account = Account(keccak(name.encode()))
        self.backend.fund(account.address, _FUNDS)
        person = Participant(self.system, account)
        self.governor.transfer(account.address, tokens * WAD)
        person.approve(self.system.addresses.vault)
        person.stake(tokens * WAD)
        return account

    def travel(self, timestamp: int) -> None:
        """Let the next transaction see this time, if it is still ahead."""
        if timestamp > self.backend.now():
            self.backend.time_travel(timestamp)

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Undo on leaving whatever was done inside."""
        snapshot = self.backend.snapshot()
        try:
            yield
        finally:
            self.backend.revert(snapshot)

    def seal(self, voter: int, tick: int) -> None:
        """Commit a voter's tick."""
        Voter(self.vote, self.voters[voter]).commit(tick, self.salts[voter])

    def result(self, reports: Sequence[Report]) -> int:
        """What the tally gives once these sealed votes are revealed; leaves the chain as it was."""
        now = self.vote.round()
        with self.undone():
            self.travel(now.commit_end)
            for voter, tick in enumerate(reports):
                if tick is not None:
                    args = (self.voters[voter].address, tick, self.salts[voter])
                    self.contract.send("reveal", *args, sender=self.voters[0])
            self.travel(now.reveal_end)
            return int(self.contract.send("tally", sender=self.voters[0]).event("Tallied")["tick"])


def play_all(
    electorate: Electorate, progress: Progress | None = None, artifact: Artifact | None = None
) -> dict[Reports, int]:
    """The table of outcomes, from the bytecode: every combination of reports in a round of its own."""
    booth, tell = Booth(electorate, artifact), progress or (lambda _done, _of: None)
    total, table = (electorate.ticks + 1) ** len(electorate.weights), dict[Reports, int]()
    # What a voter seals is encoded once; what others seal meanwhile stays sealed while it tries its own. A voter has
    # one checkpoint, number 0, from before the round.
    now, backend, contract = booth.vote.round(), booth.backend, booth.contract
    seals: list[list[bytes]] = []
    opens: list[list[bytes]] = []
    for voter, salt in zip(booth.voters, booth.salts, strict=True):
        hashes = [contract.call("commitment_of", now.number, voter.address, t, salt) for t in range(electorate.ticks)]
        seals.append([contract.encode("commit", sealed, 0) for sealed in hashes])
        opens.append([contract.encode("reveal", voter.address, t, salt) for t in range(electorate.ticks)])

    def send(data: bytes, sender: Account) -> None:
        backend.send(TxRequest(contract.address, data), sender)

    def leaf(reports: Reports) -> int:
        with booth.undone():
            booth.travel(now.commit_end)
            for voter, tick in enumerate(reports):
                if tick is not None:
                    send(opens[voter][tick], booth.voters[0])
            booth.travel(now.reveal_end)
            # Asked rather than sent: the same code runs, and its answer is the tick.
            return int(contract.call("tally"))

    def grow(reports: Reports) -> None:
        voter = len(reports)
        if voter == len(electorate.weights):
            table[reports] = leaf(reports)
            tell(len(table), total)
            return
        grow((*reports, None))
        for tick in range(electorate.ticks):
            with booth.undone():
                send(seals[voter][tick], booth.voters[voter])
                grow((*reports, tick))

    grow(())
    return table


def play_once(electorate: Electorate, reports: Reports, hidden: Sequence[int] = ()) -> int:
    """One round on the bytecode, through the typed clients; `hidden` are voters who seal and never reveal."""
    booth = Booth(electorate)
    for voter, tick in enumerate(reports):
        if tick is not None:
            booth.seal(voter, tick)
    return booth.result([None if voter in hidden else tick for voter, tick in enumerate(reports)])


def push(others: Mapping[int, int], coalition: int, ticks: int) -> tuple[int, int, int]:
    """(result without it, lowest, highest result) that a coalition of so many tokens brings about on the bytecode.

    `others` vote truthfully (tick → tokens). The coalition is one account; its votes are the ends, or none at all.
    """
    peaks = sorted(others)
    electorate = Electorate(
        weights=(*(others[tick] for tick in peaks), coalition), ticks=ticks, current=ticks // 2, quorum_bps=1
    )
    booth, last = Booth(electorate), len(peaks)
    for voter, tick in enumerate(peaks):
        booth.seal(voter, tick)
    found = []
    for own in (None, 0, ticks - 1):
        with booth.undone():
            if own is not None:
                booth.seal(last, own)
            found.append(booth.result((*peaks, own)))
    return found[0], found[1], found[2]
