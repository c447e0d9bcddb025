"""The ValueRegistry behind a typed client that only reads. `ValueDesk` is the one that writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.chain.artifacts import load
from headwater.chain.backend import Backend, Event
from headwater.chain.client import Contract
from headwater.chain.errors import DecodeError
from headwater.chain.transaction import address_bytes
from headwater.covenant.digest import Frame
from headwater.covenant.errors import CovenantError
from headwater.covenant.fixed import FixedBounds, FixedSystem, norm_name


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryRules:
    """What a registry was deployed with: wei, seconds, bps."""

    min_bond: int
    unbonding: int
    reveal_window: int
    join_window: int
    prover_bps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a member declared. `number` counts its declarations from 1, `committed` is in seconds."""

    member: str
    number: int
    vocabulary: bytes
    system: FixedSystem
    bounds: FixedBounds
    system_hash: bytes
    committed: int

    @property
    def frame(self) -> Frame:
        """What the entries mean."""
        return Frame.of(self.system, self.bounds.norm, self.vocabulary)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementRecord:
    """A registered agreement. `threshold` is at SCALE, `registered` in seconds, `members` how many there are now."""

    number: int
    proposer: str
    vocabulary: bytes
    norm: str
    system: FixedSystem
    system_hash: bytes
    profile: bytes
    threshold: int
    registered: int
    members: int

    @property
    def frame(self) -> Frame:
        """What the entries mean."""
        return Frame.of(self.system, self.norm, self.vocabulary)

    def admits(self, declaration: Declaration) -> bool:
        """Whether the contract would find the declaration within its bounds, capped by the agreement's threshold."""
        return declaration.frame == self.frame and declaration.bounds.capped(self.threshold).accept(
            declaration.system, self.system
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Seconds at which somebody joined and left, 0 if it did not; the number of the declaration it joined on."""

    joined: int
    left: int
    declaration: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bond:
    """A member's bond, wei; how many agreements are open; from when it can be withdrawn if none is (seconds)."""

    amount: int
    open: int
    ready: int


class ValueRegistry:
    """The registry, read-only. Every method may raise ConnectionFailed."""

    def __init__(self, backend: Backend, address: str) -> None:
        self.backend = backend
        self.contract = Contract(backend, address, load("ValueRegistry").abi, name="ValueRegistry")

    @property
    def address(self) -> str:
        """Where it is."""
        return self.contract.address

    def rules(self) -> RegistryRules:
        """What it was deployed with."""
        return RegistryRules(
            min_bond=int(self.contract.call("MIN_BOND")),
            unbonding=int(self.contract.call("UNBONDING")),
            reveal_window=int(self.contract.call("REVEAL_WINDOW")),
            join_window=int(self.contract.call("JOIN_WINDOW")),
            prover_bps=int(self.contract.call("PROVER_BPS")),
        )

    # declarations

    def declarations(self, member: str) -> int:
        """How many declarations a member made; the newest has this number."""
        return int(self.contract.call("declarations", member))

    def declaration(self, member: str, number: int | None = None) -> Declaration:
        """A member's declaration, the newest without a number. Raises CovenantError if there is none."""
        wanted = self.declarations(member) if number is None else number
        args = self._said("Declared", address_bytes(member), wanted, f"{member} never made declaration {wanted}").args
        frame, bounds = args["frame"], args["bounds"]
        return Declaration(
            member=args["member"],
            number=wanted,
            vocabulary=frame.vocabulary,
            system=FixedSystem.decode(args["entries"], frame.values, frame.actions),
            bounds=FixedBounds(weights=bounds.weights, judgements=bounds.judgements, norm=norm_name(frame.norm)),
            system_hash=args["system"],
            committed=args["committed"],
        )

    def committed(self, member: str) -> tuple[bytes, int, int]:
        """(hash, block, seconds) of what a member has committed and not revealed; zeros if there is nothing."""
        commitment, block, time = self.contract.call("commitment", member)
        return bytes(commitment), int(block), int(time)

    # agreements

    def agreements(self) -> int:
        """How many agreements were registered; the newest has this number."""
        return int(self.contract.call("count"))

    def agreement(self, number: int) -> AgreementRecord:
        """An agreement. Raises CovenantError if there is none."""
        args = self._said("Proposed", number, None, f"there is no agreement {number} in {self.address}").args
        state = self.contract.call("agreement", number)
        frame = args["frame"]
        return AgreementRecord(
            number=number,
            proposer=args["proposer"],
            vocabulary=frame.vocabulary,
            norm=norm_name(frame.norm),
            system=FixedSystem.decode(args["entries"], frame.values, frame.actions),
            system_hash=args["system"],
            profile=args["profile"],
            threshold=state.threshold,
            registered=state.registered,
            members=state.members,
        )

    def profile_of(self, number: int) -> bytes:
        """The profile that an agreement's members are held to; 32 zero bytes if there is no such agreement."""
        return bytes(self.contract.call("profile_of", number))

    def membership(self, number: int, member: str) -> Membership:
        """Somebody's membership; all zero if it neither joined nor barred itself."""
        return Membership(**self.contract.call("membership", number, member)._asdict())

    def is_member(self, number: int, member: str) -> bool:
        """Whether somebody has joined and not left."""
        return bool(self.contract.call("is_member", number, member))

    def was_member(self, number: int, member: str) -> bool:
        """Whether somebody has ever joined."""
        return bool(self.contract.call("was_member", number, member))

    def members(self, number: int) -> list[str]:
        """The members of an agreement now, in the order in which they joined, as the events tell."""
        word = number.to_bytes(32, "big")
        names = [self.contract.interface.event(name).topic for name in ("Joined", "Left")]
        topics: list[bytes | Sequence[bytes] | None] = [names, word]
        found: dict[str, None] = {}
        for event in self.contract.decode(self.backend.get_logs(self.address, topics)):
            if event.name == "Joined":
                found[event.args["member"]] = None
            else:
                found.pop(event.args["member"], None)
        return list(found)

    # bonds

    def bond(self, member: str) -> Bond:
        """A member's bond."""
        amount, opened, ready = self.contract.call("account", member)
        return Bond(amount=amount, open=opened, ready=ready)

    def owed(self) -> int:
        """All bonds, wei."""
        return int(self.contract.call("owed"))

    def _said(self, name: str, first: bytes | int, second: int | None, missing: str) -> Event:
        """The one event with these indexed arguments. Raises CovenantError with `missing` if there is none."""
        words: list[bytes] = [
            word.to_bytes(32, "big") if isinstance(word, int) else word.rjust(32, b"\0")
            for word in (first, second)
            if word is not None
        ]
        topics: list[bytes | Sequence[bytes] | None] = [self.contract.interface.event(name).topic, *words]
        found = self.contract.decode(self.backend.get_logs(self.address, topics))
        if not found:
            raise CovenantError(missing)
        if len(found) != 1:
            raise DecodeError(f"{self.address} told {name} {len(found)} times; it is no ValueRegistry of ours")
        return found[0]
