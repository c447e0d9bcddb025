"""Token, Treasury, StakeVault and Cascade of the project with an account of ours in the arena's place.

The arena only ever sends them sound arguments. To try unsound ones, and every order of calls, the rig's arena is a
key: all the rest is the real code, wired as a deployment wires it.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness import TOKENS, LocalBackend
from headwater.cascade import Leaf, Terms, list_terms, pack_list
from headwater.chain import Account, Contract, Receipt, create_address, deploy, load
from headwater_deploy import DAY

STAKE = 1_000 * TOKENS
GENESIS = 10**6 * TOKENS
CAP = 2 * 10**6 * TOKENS
EMISSION = 1_000 * TOKENS
MAX_WINDOW = 7 * DAY
IDLE_PERIOD = 30 * DAY
COOLDOWN = DAY


@dataclass
class Rig:
    """`arena` holds the arena's place, `owner` every role and the genesis supply; `staker` has STAKE bonded."""

    backend: LocalBackend
    arena: Account
    owner: Account
    staker: Account
    stranger: Account
    token: Contract
    treasury: Contract
    vault: Contract
    cascade: Contract

    @property
    def contracts(self) -> tuple[Contract, ...]:
        return self.token, self.treasury, self.vault, self.cascade

    def balance(self, who: Account | Contract) -> int:
        return int(self.token.call("balanceOf", who.address))

    def stake(self) -> tuple[int, int, int]:
        """(bonded, locked, checkpoints) of the staker."""
        bonded, locked, entries = self.vault.call("account", self.staker.address)
        return bonded, locked, entries

    def announce(self, leaves: list[Leaf], keep_bps: int, buffer: int = 0, domain: int | None = 0) -> tuple[int, Terms]:
        """The staker's new version, its escrow opened in a domain: (version, terms)."""
        packed = pack_list(leaves)
        receipt = self.cascade.send("announce_list", packed, keep_bps, buffer, sender=self.staker)
        version, terms = int(receipt.event("ListAnnounced")["version"]), list_terms(leaves, keep_bps, buffer)
        if domain is not None:
            self.vault.send("open_escrow", self.staker.address, version, domain, terms.as_tuple(), sender=self.stranger)
        return version, terms

    def lock(self, wager: int, amount: int | None = None, *, version: int = 0, domain: int = 0) -> Receipt:
        """Lock on the staker's newest checkpoint, for a question of the next block."""
        opened = self.backend.block_number() + 1
        index = self.stake()[2] - 1
        locked = wager if amount is None else amount
        return self.vault.send(
            "lock", self.staker.address, version, domain, wager, locked, index, opened, sender=self.arena
        )

    def settle(self, lock: int, net: int, *, version: int = 0, domain: int = 0) -> Receipt:
        """Settle as the arena does: first the vault, then the treasury, which must know series 1."""
        receipt = self.vault.send("settle", self.staker.address, version, domain, lock, net, sender=self.arena)
        self.treasury.send("settle", 1, max(net, 0), net, sender=self.arena)
        return receipt


def new_rig(backend: LocalBackend) -> Rig:
    """Deploy; register a governed series 1 that has minted money in its bankroll, all of it set aside."""
    owner, arena, staker, stranger = backend.dev_accounts(4)
    nonce = backend.nonce(owner.address)
    token, treasury, vault, cascade = (create_address(owner.address, nonce + i) for i in range(4))
    arguments: dict[str, tuple[object, ...]] = {
        "HeadwaterToken": (treasury, CAP, owner, GENESIS),
        "Treasury": (token, vault, arena, owner, DAY, EMISSION, 9 * 10**17),
        "StakeVault": (token, treasury, cascade, arena, owner, owner, COOLDOWN, MAX_WINDOW, IDLE_PERIOD),
        "Cascade": (token, vault),
    }
    made = [deploy(backend, load(name), *args, sender=owner)[0] for name, args in arguments.items()]
    assert [contract.address for contract in made] == [token, treasury, vault, cascade]
    rig = Rig(backend, arena, owner, staker, stranger, *made)
    for who in (staker, stranger):
        rig.token.send("transfer", who, 10 * STAKE, sender=owner)
        for spender in (treasury, vault, cascade):
            rig.token.send("approve", spender, 2**256 - 1, sender=who)
    rig.token.send("approve", treasury, 2**256 - 1, sender=owner)
    rig.vault.send("deposit", STAKE, sender=staker)
    rig.treasury.send("register", 1, "0x" + "00" * 20, 2**96 - 1, sender=arena)
    rig.treasury.send("set_weights", [1], [1], sender=owner)
    backend.time_travel(backend.now() + DAY)
    rig.treasury.send("roll", sender=stranger)
    rig.treasury.send("set_aside", 1, 10_000, sender=arena)
    return rig
