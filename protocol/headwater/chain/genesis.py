"""What every chain inside this process begins with: its clock, its limits, its accounts and their money."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from headwater.chain.accounts import Account

GENESIS_TIME: Final = 2_000_000_000
"""Timestamp of block 0, in seconds."""

BLOCK_GAS_LIMIT: Final = 100_000_000
CHAIN_ID: Final = 1337
DEV_BALANCE: Final = 10**6 * 10**18
"""Wei that each development account holds at genesis."""

PREFUNDED: Final = 64
"""Development accounts that hold their money at genesis; further ones get it from the faucet."""

_FAUCET_INDEX: Final = 2**32
_FAUCET_BALANCE: Final = 10**12 * 10**18


@lru_cache(maxsize=4_096)
def dev_account(seed: int, index: int) -> Account:
    """Development account `index` of a seed."""
    return Account.derive(seed, index)


def faucet(seed: int) -> Account:
    """The account that `fund` pays from."""
    return dev_account(seed, _FAUCET_INDEX)


def balances(seed: int) -> dict[str, int]:
    """Who holds how many wei in block 0."""
    held = {dev_account(seed, index).address: DEV_BALANCE for index in range(PREFUNDED)}
    held[faucet(seed).address] = _FAUCET_BALANCE
    return held
