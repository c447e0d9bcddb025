"""The typed client that writes: one account's calls to a deployment. Each returns a checked receipt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple

from eth_hash.auto import keccak

from headwater.cascade import Leaf, MerkleSumTree, Terms, pack_list
from headwater.chain.accounts import Account
from headwater.chain.backend import Receipt
from headwater.chain.client import Contract
from headwater.chain.codec import encode
from headwater.chain.errors import ArgumentError
from headwater.chain.system import Announcement, SeriesParams, System, Times, announcement
from headwater.twin import check_simplex

MAX_APPROVAL = 2**256 - 1
LEAST_P_MIN = 10**15
"""The least P_MIN a series may have, WAD."""


def _check(forecast: Sequence[int], outcomes: int, p_min: int) -> None:
    try:
        check_simplex(list(forecast), outcomes, p_min)
    except ValueError as error:
        raise ArgumentError(str(error)) from error


def commitment(
    chain_id: int, arena: str, question: int, forecaster: str, forecast: Sequence[int], salt: bytes
) -> bytes:
    """The hash that commits a forecast (WAD per outcome) with a 32-byte salt; as ForecastArena computes it."""
    if len(salt) != 32:
        raise ArgumentError(f"a salt has 32 bytes, got {len(salt)}")
    types = ("uint256", "address", "uint256", "address", "uint256[]", "bytes32")
    return bytes(keccak(encode(types, (chain_id, arena, question, forecaster, list(forecast), salt))))


class Participant:
    """An account's verbs. Money is wei, probabilities WAD, times seconds.

    Every verb may raise Reverted (with the contract's reason), ArgumentError, TransactionRejected, NotMined and
    ConnectionFailed; then nothing has changed on the chain.
    """

    def __init__(
        self, system: System, account: Account, observe: Callable[[str, Receipt], None] = lambda _, receipt: None
    ) -> None:
        """`observe` is called with the function's name and the receipt of everything sent."""
        self.system = system
        self.account = account
        self._observe = observe

    @property
    def address(self) -> str:
        """The account's address."""
        return self.account.address

    def _send(self, contract: Contract, name: str, *args: object) -> Receipt:
        receipt = contract.send(name, *args, sender=self.account)
        self._observe(f"{contract.name}.{name}", receipt)
        return receipt

    # money

    def transfer(self, to: str, amount: int) -> Receipt:
        """Send tokens."""
        return self._send(self.system.token, "transfer", to, amount)

    def approve(self, spender: str, amount: int = MAX_APPROVAL) -> Receipt:
        """Let a contract take tokens."""
        return self._send(self.system.token, "approve", spender, amount)

    def stake(self, amount: int) -> Receipt:
        """Bond stake; needs an approval for the vault."""
        return self._send(self.system.vault, "deposit", amount)

    def request_unbond(self, amount: int) -> Receipt:
        """Start to unbond free stake."""
        return self._send(self.system.vault, "request_unbond", amount)

    def withdraw_stake(self) -> Receipt:
        """Take out what is unbonded."""
        return self._send(self.system.vault, "withdraw")

    # treasury

    def roll(self) -> Receipt:
        """Mint what is due."""
        return self._send(self.system.treasury, "roll")

    def set_weights(self, series: Sequence[int], weights: Sequence[int]) -> Receipt:
        """Governor: weights of governed series."""
        return self._send(self.system.treasury, "set_weights", list(series), list(weights))

    def fund(self, series: int, amount: int) -> Receipt:
        """Add to a bankroll; needs an approval for the treasury."""
        return self._send(self.system.treasury, "fund", series, amount)

    # arena

    def create_series(self, params: SeriesParams) -> int:
        """Create a series; its id."""
        receipt = self._send(self.system.arena, "create_series", astuple(params))
        return int(receipt.event("SeriesCreated")["series"])

    def open_question(self, series: int, times: Times, topic: bytes = bytes(32)) -> int:
        """Opener: open a question; its id."""
        receipt = self._send(self.system.arena, "open_question", series, astuple(times), topic)
        return int(receipt.event("QuestionOpened")["question"])

    def post_odds(self, question: int, odds: Sequence[int]) -> Receipt:
        """Feed: post the odds."""
        return self._send(self.system.arena, "post_odds", question, list(odds))

    def commit(
        self,
        question: int,
        forecast: Sequence[int],
        wager: int,
        salt: bytes,
        *,
        version: int | None = None,
        checkpoint: int | None = None,
    ) -> Receipt:
        """Commit a forecast with a wager. Version and checkpoint are looked up on the chain unless given.

        Given both, nothing is read from the chain, and the forecast is held against what every series asks only.

        Raises:
            ArgumentError: a forecast the arena would refuse at the reveal, or no stake before the question opened.
        """
        if version is None or checkpoint is None:
            version, checkpoint = self._binding(question, forecast, version, checkpoint)
        else:
            _check(forecast, len(forecast), LEAST_P_MIN)
        sealed = commitment(
            self.system.backend.chain_id, self.system.addresses.arena, question, self.address, forecast, salt
        )
        return self._send(self.system.arena, "commit", question, sealed, wager, version, checkpoint)

    def _binding(
        self, question: int, forecast: Sequence[int], version: int | None, checkpoint: int | None
    ) -> tuple[int, int]:
        """(version, checkpoint) that a commit names, after a look at the question and its series."""
        state = self.system.question(question)
        _check(forecast, state.outcomes, self.system.params(state.series).p_min)
        if version is None:
            version = self.system.version_at(self.address, state.count)
        if checkpoint is None:
            found = self.system.checkpoint_before(self.address, state.opened)
            if found is None:
                raise ArgumentError(f"{self.address} had no stake bonded before question {question} opened")
            checkpoint = found[0]
        return version, checkpoint

    def reveal(self, question: int, forecaster: str, forecast: Sequence[int], salt: bytes) -> Receipt:
        """Open a commitment, one's own or another's."""
        return self._send(self.system.arena, "reveal", question, forecaster, list(forecast), salt)

    def resolve(self, question: int, outcome: int) -> Receipt:
        """Oracle: state the outcome."""
        return self._send(self.system.arena, "resolve", question, outcome)

    def void(self, question: int) -> Receipt:
        """Oracle: void a question."""
        return self._send(self.system.arena, "void", question)

    def expire(self, question: int) -> Receipt:
        """Void a question that was not resolved, or not given odds, in time."""
        return self._send(self.system.arena, "expire", question)

    def settle(self, question: int, forecaster: str) -> Receipt:
        """Settle one position."""
        return self._send(self.system.arena, "settle", question, forecaster)

    def settle_many(self, question: int, forecasters: Sequence[str]) -> Receipt:
        """Settle up to 32 positions; those without one are skipped."""
        return self._send(self.system.arena, "settle_many", question, list(forecasters))

    # escrow

    def open_escrow(self, forecaster: str, version: int, terms: Terms, domain: int = 0) -> Receipt:
        """Open an escrow, before the first commit under a version."""
        return self._send(self.system.vault, "open_escrow", forecaster, version, domain, terms.as_tuple())

    def release(self, forecaster: str, version: int, domain: int = 0) -> Receipt:
        """Hand what an escrow has due to the cascade."""
        return self._send(self.system.vault, "release", forecaster, version, domain)

    def close(self, forecaster: str, version: int, domain: int = 0) -> Receipt:
        """Close a replaced or idle escrow."""
        return self._send(self.system.vault, "close", forecaster, version, domain)

    # cascade

    def announce_list(self, leaves: Sequence[Leaf], keep_bps: int, buffer: int = 0) -> Announcement:
        """Announce up to 32 leaves; the announcement with its version's number."""
        receipt = self._send(self.system.cascade, "announce_list", pack_list(leaves), keep_bps, buffer)
        return announcement(receipt.event("ListAnnounced"))

    def announce_tree(
        self, tree: MerkleSumTree, keep_bps: int, buffer: int = 0, content_hash: bytes = bytes(32), uri: str = ""
    ) -> Announcement:
        """Announce a tree by its root; publish its leaves under the URI and content hash."""
        receipt = self._send(
            self.system.cascade,
            "announce_tree",
            tree.root,
            tree.total,
            tree.depth,
            keep_bps,
            buffer,
            content_hash,
            uri,
        )
        return announcement(receipt.event("TreeAnnounced"))

    def deposit(self, node: str, version: int, amount: int) -> Receipt:
        """Pay a node under a version; needs an approval for the cascade."""
        return self._send(self.system.cascade, "deposit", node, version, amount)

    def pull_list(
        self, node: str, version: int, terms: Terms, leaves: Sequence[Leaf], first: int = 0, count: int = 32
    ) -> Receipt:
        """Pull leaves of a list; all of them by default."""
        return self._send(
            self.system.cascade, "pull_list", node, version, terms.as_tuple(), pack_list(leaves), first, count
        )

    def pull_tree(self, node: str, version: int, terms: Terms, tree: MerkleSumTree, indices: Iterable[int]) -> Receipt:
        """Pull leaves of a tree with their proofs."""
        entries = tree.entries(list(indices))
        return self._send(self.system.cascade, "pull", node, version, terms.as_tuple(), entries)

    def pull_share(self, node: str, version: int, terms: Terms) -> Receipt:
        """Move a node's own share to its withdrawable balance."""
        return self._send(self.system.cascade, "pull_share", node, version, terms.as_tuple())

    def withdraw(self, node: str) -> Receipt:
        """Pay a node what is finally its own."""
        return self._send(self.system.cascade, "withdraw", node)
