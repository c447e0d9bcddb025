"""What the chains in this process share: blocks of several transactions, empty blocks, and money for accounts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from headwater.chain.accounts import Account
from headwater.chain.backend import Receipt, TxRequest
from headwater.chain.errors import ArgumentError, ChainError
from headwater.chain.genesis import DEV_BALANCE, PREFUNDED, dev_account, faucet


class LocalChain(ABC):
    """A chain in this process, driven block by block. `seed` chooses the development accounts."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._batching = False

    @abstractmethod
    def send(self, request: TxRequest, account: Account) -> Receipt:
        """As in `Backend`."""

    @abstractmethod
    def balance(self, address: str) -> int:
        """As in `Backend`."""

    @abstractmethod
    def _seal(self) -> None:
        """Finish the pending block and open the next, one second later."""

    @abstractmethod
    def _pending(self) -> int:
        """Number of transactions in the pending block."""

    @contextmanager
    def block(self) -> Iterator[None]:
        """Put every transaction sent inside into one block, in order, at one timestamp.

        Blocks do not nest, and inside one the clock does not move: ChainError. A transaction that reverts raises at
        once and stays in the block. Leaving the context seals it, also when an exception passes through; without
        transactions there is no block.
        """
        self._not_batching("open a block inside a block")
        self._batching = True
        try:
            yield
        finally:
            self._batching = False
            if self._pending():
                self._seal()

    def mine(self, blocks: int = 1) -> None:
        """Seal empty blocks, one second apart."""
        self._not_batching("mine")
        if blocks < 0:
            raise ArgumentError(f"the number of blocks to mine is not negative, got {blocks}")
        for _ in range(blocks):
            self._seal()

    def fund(self, address: str, wei: int) -> None:
        """Raise an address's balance by a transfer from the faucet account."""
        self.send(TxRequest(to=address, value=wei), faucet(self._seed))

    def dev_accounts(self, count: int) -> tuple[Account, ...]:
        """The first `count` accounts of the seed. All are funded: 64 at genesis, further ones by the faucet now."""
        accounts = tuple(dev_account(self._seed, index) for index in range(count))
        for account in accounts[PREFUNDED:]:
            if self.balance(account.address) < DEV_BALANCE // 2:
                self.fund(account.address, DEV_BALANCE)
        return accounts

    def close(self) -> None:  # noqa: B027 - not for anybody to override
        """Nothing to let go of."""

    def _not_batching(self, what: str) -> None:
        if self._batching:
            raise ChainError(f"cannot {what} while a block is open; leave the `with backend.block()` first")
