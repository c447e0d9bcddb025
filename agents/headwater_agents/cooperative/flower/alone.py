"""The same cooperative in this process, without Flower: what a federation starts from, and is measured against."""

from __future__ import annotations

from collections.abc import Mapping

from headwater.learning import Batch
from headwater_agents.cooperative.behaviour import Honest
from headwater_agents.cooperative.engine import Member, Trainer
from headwater_agents.cooperative.flower.absence import FederationError
from headwater_agents.cooperative.flower.federation import Federation
from headwater_agents.cooperative.trial import Stage


def federation_of(stage: Stage, arm: str, rounds: int) -> tuple[Federation, dict[str, Batch]]:
    """A stage's cooperative as a federation, and each member's examples.

    Args:
        stage: with honest members only; what liars would see of each other does not travel.
        arm: which of the arms that filter or not, as `Stage.trainer` takes it.
        rounds: how many.

    Raises:
        CooperativeError: no such arm. FederationError: a member that does something else than train on its examples.
    """
    trainer = stage.trainer(arm)
    data = {}
    for member in trainer.members:
        if not isinstance(member.behaviour, Honest):
            raise FederationError(f"{member.name} is {member.behaviour.kind}; members of a federation train honestly")
        data[member.name] = member.behaviour.batch
    federation = Federation(
        ground=trainer.ground,
        theta=trainer.theta,
        members=tuple(data),
        profiles=trainer.profiles,
        validation=trainer.validation,
        settings=trainer.settings,
        local=trainer.local,
        rounds=rounds,
        seed=trainer.seed,
    )
    return federation, data


def train_alone(federation: Federation, data: Mapping[str, Batch]) -> Trainer:
    """All rounds of a federation in this process, by the cooperative's own trainer."""
    trainer = Trainer(
        federation.ground,
        [
            Member(name=name, behaviour=Honest(data[name]), size=federation.weight(len(data[name])))
            for name in federation.members
        ],
        federation.profiles,
        federation.validation,
        local=federation.local,
        settings=federation.settings,
        theta=federation.theta,
        seed=federation.seed,
    )
    for _ in range(federation.rounds):
        trainer.step()
    return trainer
