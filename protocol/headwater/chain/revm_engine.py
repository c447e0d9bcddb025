"""pyrevm made safe to build a chain on: one transaction at a time, undone when it has to be.

pyrevm runs everything as one endless transaction. So here, after every run, transient storage is cleared; nonces are
the caller's business, and set just before a deployment, which takes its address from them; and a checkpoint is
closed the moment it is made, so that the call depth does not grow with the number of snapshots that are open.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from eth_hash.auto import keccak
from pyrevm import EVM, AccountInfo, BlockEnv, CfgEnv, Env

from headwater.chain.errors import Reverted, TransactionRejected, reverted
from headwater.chain.genesis import BLOCK_GAS_LIMIT
from headwater.chain.transaction import checksum

_REVERT: Final = re.compile(r"Revert \{ gas_used: \d+, output: 0x([0-9a-f]*) \}")
_HALT: Final = re.compile(r"Halt \{ reason: (\w+)")
_ACCOUNT: Final = re.compile(r"(0x[0-9a-f]{40}): Account \{")
_WORD: Final = re.compile(r"(\d+): StorageSlot \{ previous_or_original_value: \d+, present_value: (\d+) \}")
_PADDING: Final = 33
_CALLER_HAS_CODE: Final = "RejectCallerWithCode"

_AccountInfo: Any = AccountInfo  # its stub leaves the balance out

Failure = tuple[bytes, bool]
"""Why a run failed: what it reverted with, and whether it ran out of gas."""


class Engine:
    """An EVM under Prague rules that starts with these balances (wei by address), at zero gas price."""

    def __init__(self, chain_id: int, balances: Mapping[str, int]) -> None:
        self.evm: Any = EVM(env=Env(cfg=CfgEnv(chain_id=chain_id)), gas_limit=BLOCK_GAS_LIMIT, spec_id="PRAGUE")
        for address, wei in balances.items():
            self.evm.set_balance(address, wei)
        self._message_call = self.evm.message_call
        self._clear = self.evm.reset_transient_storage
        self._at = (0, 0)

    def at(self, number: int, timestamp: int) -> None:
        """Let what runs next see this block."""
        if self._at != (number, timestamp):
            self._at = number, timestamp
            self.evm.set_block_env(BlockEnv(number=number, timestamp=timestamp, gas_limit=BLOCK_GAS_LIMIT, basefee=0))

    def transact(self, sender: str, to: str, data: bytes, value: int, gas: int) -> Failure | None:
        """Call and keep what it changed; `evm.result` tells the rest. Raises TransactionRejected if it cannot run."""
        try:
            self._message_call(sender, to, data, value, gas)
        except RuntimeError as error:
            return failure(error)
        finally:
            self._clear()
        return None

    def create(self, sender: str, nonce: int, code: bytes, value: int, gas: int) -> Failure | None:
        """Deploy as the sender's transaction number `nonce`. Raises TransactionRejected if it cannot run."""
        evm = self.evm
        if evm.basic(sender).nonce != nonce:
            evm.insert_account_info(sender, _AccountInfo(nonce=nonce, balance=evm.get_balance(sender)))
        try:
            evm.deploy(sender, code, value, gas)
        except RuntimeError as error:
            return failure(error)
        finally:
            self._clear()
        return None

    def call(self, sender: str, to: str, data: bytes) -> bytes:
        """Run, give the output, and undo everything. Raises Reverted."""
        evm = self.evm
        checkpoint = evm.snapshot()
        try:
            return bytes(self._message_call(sender, to, data, 0, BLOCK_GAS_LIMIT))
        except RuntimeError as error:
            if _CALLER_HAS_CODE not in str(error):
                raise _refusal(error, to) from None
        finally:
            evm.revert(checkpoint)
            self._clear()
        return self._call_as_contract(sender, to, data)

    def _call_as_contract(self, sender: str, to: str, data: bytes) -> bytes:
        """Contracts send no transactions (EIP-3607), but one may ask what they would get: hide the code meanwhile."""
        evm = self.evm
        info, checkpoint = evm.basic(sender), evm.snapshot()
        evm.insert_account_info(sender, _AccountInfo(nonce=info.nonce, balance=info.balance))
        try:
            return bytes(self._message_call(sender, to, data, 0, BLOCK_GAS_LIMIT))
        except RuntimeError as error:
            raise _refusal(error, to) from None
        finally:
            evm.revert(checkpoint)
            evm.insert_account_info(sender, info)
            self._clear()

    def attempt(self, sender: str, nonce: int, to: str | None, data: bytes, value: int, gas: int) -> tuple[bytes, int]:
        """Run as the sender's transaction number `nonce` would, and undo it: the output, and gas before refunds.

        `to` None creates a contract, and gives its code. Raises Reverted, TransactionRejected.
        """
        evm = self.evm
        info, hidden = evm.basic(sender), self.code_at(sender) != b""
        if hidden:  # as in `_call_as_contract`
            evm.insert_account_info(sender, _AccountInfo(nonce=info.nonce, balance=info.balance))
        elif to is None and info.nonce != nonce:
            evm.insert_account_info(sender, _AccountInfo(nonce=nonce, balance=info.balance))
        checkpoint = evm.snapshot()
        try:
            if to is None:
                output = self.code_at(evm.deploy(sender, data, value, gas))
            else:
                output = bytes(self._message_call(sender, to, data, value, gas))
            return output, int(evm.result.gas_used + evm.result.gas_refunded)
        except RuntimeError as error:
            raise _refusal(error, to or "a new contract") from None
        finally:
            evm.revert(checkpoint)
            if hidden:
                evm.insert_account_info(sender, info)
            self._clear()

    def code_at(self, address: str) -> bytes:
        """Deployed code; empty if there is none."""
        code = self.evm.get_code(address)
        if code is None:
            return b""
        # Once analysed, code comes padded with zeros; its hash says where it ends.
        bare = code[:-_PADDING]
        return bytes(bare if keccak(bare) == self.evm.basic(address).code_hash else code)

    def words(self) -> dict[str, dict[int, int]]:
        """Every word of storage that is not zero, by address and slot: read from pyrevm's own print of its state."""
        accounts = _ACCOUNT.split(self.evm.journal_str.partition("transient_storage: ")[0])
        return {
            checksum(address): {
                int(slot): int(now) for slot, now in _WORD.findall(account.partition("storage: {")[2]) if now != "0"
            }
            for address, account in zip(accounts[1::2], accounts[2::2], strict=True)
        }

    def checkpoint(self) -> Any:
        """Remember the state as it stands."""
        checkpoint = self.evm.snapshot()
        self.evm.commit()
        return checkpoint

    def revert(self, checkpoint: Any) -> None:
        """Go back to a checkpoint; it and all later ones are spent."""
        self.evm.snapshot()
        self.evm.revert(checkpoint)


def failure(error: RuntimeError) -> Failure:
    """What pyrevm says of a run that failed. Raises TransactionRejected if it did not even begin."""
    text = str(error)
    if found := _REVERT.match(text):
        return bytes.fromhex(found[1]), False
    if found := _HALT.match(text):
        return b"", found[1] == "OutOfGas"
    raise TransactionRejected(f"the transaction was refused: {text}") from None


def _refusal(error: RuntimeError, to: str) -> Reverted:
    data, out_of_gas = failure(error)
    return reverted(data, context=f"call to {to}", out_of_gas=out_of_gas)
