"""What tests of the registries share: those of a world, one desk a person, and authorisations that were paid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eth_hash.auto import keccak

from harness import CONFIG, World
from headwater.chain import Contract, decode_events
from headwater.chain.backend import Backend, Receipt
from headwater.chain.participant import Participant
from headwater.identity import AgentDesk, Payment, Registries
from headwater_deploy import plan, registries

MEMBERS = ("from", "to", "value", "validAfter", "validBefore", "nonce")
TYPES = ("address", "address", "uint256", "uint256", "uint256", "bytes32")


@dataclass
class Town:
    """The registries of a world. The agent is the owner's; the others have nothing to do with it."""

    world: World
    registries: Registries
    owner: AgentDesk
    client: AgentDesk
    friend: AgentDesk
    stranger: AgentDesk
    agent: int

    @property
    def backend(self) -> Backend:
        return self.world.backend

    @property
    def contracts(self) -> Sequence[Contract]:
        return (*self.world.contracts, *self.registries.contracts)

    def desk(self, who: Participant) -> AgentDesk:
        return AgentDesk(self.registries, who.account)


def new_town(world: World) -> Town:
    """The registries that stand beside a world's contracts, with one agent registered."""
    places = registries(plan(world.governor.address, 0, CONFIG))
    assert places is not None
    found = Registries(world.backend, places)
    owner, client, friend = (AgentDesk(found, person.account) for person in world.providers[:3])
    return Town(
        world=world,
        registries=found,
        owner=owner,
        client=client,
        friend=friend,
        stranger=AgentDesk(found, world.stranger.account),
        agent=owner.register("https://agent.example/registration.json"),
    )


def pay(
    town: Town,
    payer: AgentDesk,
    to: str,
    amount: int,
    *,
    nonce: bytes | None = None,
    kind: str = "TransferWithAuthorization",
    submitter: AgentDesk | None = None,
) -> Payment:
    """Settle an EIP-3009 authorisation; without a nonce, one that was never used."""
    token = town.world.system.token
    fresh = nonce or keccak(b"%d" % town.backend.block_number())
    payment = Payment(payer=payer.address, to=to, amount=amount, valid_after=0, valid_before=2**40, nonce=fresh)
    words = (payer.address, to, amount, 0, 2**40, fresh)
    message: dict[str, Any] = {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            kind: [{"name": name, "type": type_} for name, type_ in zip(MEMBERS, TYPES, strict=True)],
        },
        "primaryType": kind,
        "domain": {
            "name": "Headwater",
            "version": "1",
            "chainId": town.backend.chain_id,
            "verifyingContract": token.address,
        },
        "message": dict(zip(MEMBERS, words, strict=True)),
    }
    signature = payer.account.sign_typed(message)
    name = kind[0].lower() + kind[1:]
    sender = (submitter or town.stranger).account
    token.send(name, *words, signature[64], signature[:32], signature[32:64], sender=sender)
    return payment


def told_by(town: Town, receipt: Receipt) -> list[tuple[str, dict[str, Any]]]:
    """Everything the registries said in a transaction, in order."""
    return [(event.name, dict(event.args)) for event in decode_events(receipt.logs, town.registries.contracts)]


def force_map(town: Town, contract: Contract, keys: Sequence[int | str], value: int, holds: Callable[[], bool]) -> None:
    """Write an entry of the (nested) map that makes `holds` true, as if a history too long to play had done so."""
    backend: Any = town.backend
    words = [key.to_bytes(32, "big") if isinstance(key, int) else bytes(12) + bytes.fromhex(key[2:]) for key in keys]
    for slot in range(16):
        place = slot.to_bytes(32, "big")
        for word in words:
            place = keccak(place + word)
        number = int.from_bytes(place, "big")
        before = backend.storage(contract.address, number)
        backend.set_storage(contract.address, number, value)
        if holds():
            return
        backend.set_storage(contract.address, number, before)
    raise AssertionError(f"{contract.name} has no such map in its first slots")
