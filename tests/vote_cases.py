"""What tests of the HomophilyVote share: one deployed beside a world's contracts, with voters who have stake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness import SALT, TOKENS, World
from headwater.chain import Contract, deploy, load
from headwater.chain.backend import Backend
from headwater.covenant import HomophilyVote, Voter

HOUR = 3_600
LOW, HIGH = 10**8, 2 * 10**9
COMMIT, REVEAL, DELAY, REST = HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR
QUORUM_BPS = 2_000


@dataclass
class Poll:
    """The vote of a world. Voters are its forecasters, each with stake; the stranger has none."""

    world: World
    vote: HomophilyVote
    voters: list[Voter]
    stranger: Voter

    @property
    def backend(self) -> Backend:
        return self.world.backend

    @property
    def contracts(self) -> Sequence[Contract]:
        return (*self.world.contracts, self.vote.contract)

    def stake(self, voter: int) -> int:
        return self.world.system.stake(self.voters[voter].address).bonded

    def open(self) -> int:
        """As early as it may be; the round."""
        self.world.travel(self.vote.next_opening())
        return self.stranger.open()

    def to_reveals(self) -> None:
        self.world.travel(self.vote.round().commit_end)

    def to_tally(self) -> None:
        self.world.travel(self.vote.round().reveal_end)

    def play(self, ticks: Mapping[int, int], hide: Sequence[int] = ()) -> int:
        """One whole round, voter -> tick, and its result; in force a DELAY later, to which nobody travels."""
        self.open()
        for voter, tick in ticks.items():
            self.voters[voter].commit(tick, SALT)
        self.to_reveals()
        for voter, tick in ticks.items():
            if voter not in hide:
                self.stranger.reveal(tick, SALT, self.voters[voter].address)
        self.to_tally()
        return self.stranger.tally()


def new_poll(
    world: World,
    *,
    ticks: int = 20,
    initial: int = 10,
    quorum_bps: int = QUORUM_BPS,
    stakes: Sequence[int] = (),
) -> Poll:
    """Deploy, and give the first forecasters these stakes (tokens) on top of what they have."""
    args = (world.system.addresses.vault, LOW, HIGH, ticks, initial, COMMIT, REVEAL, DELAY, REST, quorum_bps)
    contract, _ = deploy(world.backend, load("HomophilyVote"), *args, sender=world.governor.account)
    for forecaster, stake in zip(world.forecasters, stakes, strict=False):
        if stake:
            forecaster.stake(stake * TOKENS)
    vote = HomophilyVote(world.system, contract.address)
    return Poll(
        world=world,
        vote=vote,
        voters=[Voter(vote, forecaster.account) for forecaster in world.forecasters],
        stranger=Voter(vote, world.stranger.account),
    )
