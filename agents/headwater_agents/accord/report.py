"""What an agent tells of its run: for whoever started it, and only about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from headwater_agents.accord.signing import Status
from headwater_agents.accord.stream import Drop

if TYPE_CHECKING:
    from headwater_agents.accord.agent import Agent

LEFT = "left"


@dataclass(slots=True)
class Counts:
    """Packets of one agent: sent, of which again for want of an answer; received, of which junk; bytes sent; lost."""

    sent: int = 0
    again: int = 0
    received: int = 0
    junk: int = 0
    bytes: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One agent at the end.

    Attributes:
        number: the agent.
        status: waiting, signed, alone or left.
        round: how far its exchange came.
        estimate: (d,), its last.
        members: numbers of those who signed with it, itself included; itself alone if nobody did.
        system: (d,), what it signed; its own if nobody signed with it.
        acceptances: by member, what came with its signed answer, as hex; empty unless signed.
        drops: by neighbour, how the edge went.
        counts: packets.
    """

    number: int
    status: str
    round: int
    estimate: tuple[float, ...]
    members: tuple[int, ...]
    system: tuple[float, ...]
    acceptances: Mapping[int, str] = field(default_factory=dict)
    drops: Mapping[int, Drop] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)

    @classmethod
    def of(cls, agent: Agent) -> Report:
        """An agent's, now."""
        outcome, brief = agent.signing.outcome, agent.brief
        proposal = outcome.proposal if outcome.status is Status.SIGNED else None
        return cls(
            number=brief.number,
            status=LEFT if agent.gone else str(outcome.status),
            round=agent.exchange.round,
            estimate=tuple(agent.exchange.estimate.tolist()),
            members=tuple(each.number for each in proposal.members) if proposal else (brief.number,),
            system=tuple((proposal.vector if proposal else brief.vector).tolist()),
            acceptances=(
                {
                    member.number: answer.acceptance.hex()
                    for member, answer in zip(proposal.members, outcome.acceptances, strict=True)
                }
                if proposal
                else {}
            ),
            drops={number: edge.drop for number, edge in agent.exchange.edges.items() if edge.drop is not None},
            counts=agent.counts,
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self) | {
            "drops": {str(number): drop.to_json() for number, drop in self.drops.items()},
            "acceptances": {str(number): acceptance for number, acceptance in self.acceptances.items()},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Report:
        """From what `to_json` gives."""
        return cls(
            number=value["number"],
            status=value["status"],
            round=value["round"],
            estimate=tuple(value["estimate"]),
            members=tuple(value["members"]),
            system=tuple(value["system"]),
            acceptances={int(number): acceptance for number, acceptance in value["acceptances"].items()},
            drops={int(number): Drop.from_json(drop) for number, drop in value["drops"].items()},
            counts=Counts(**value["counts"]),
        )
