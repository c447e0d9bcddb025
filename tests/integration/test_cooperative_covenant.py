"""Declared on-chain, agreed on-chain, held to it: a cooperative's members, its filter, and the court that slashes."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest
from eth_hash.auto import keccak

from headwater.chain import connect
from headwater.chain.participant import Participant
from headwater.covenant import (
    CovenantError,
    FixedBounds,
    FixedSystem,
    FixedUpdate,
    Prover,
    Sealed,
    SignedUpdate,
    Update,
    UpdateCourt,
    ValueDesk,
    ValueRegistry,
    seal,
    sign_update,
    vocabulary_hash,
)
from headwater.covenant.policy import fixed_charter, fixed_profile
from headwater.learning import Settings, SoftmaxRegression
from headwater.units import WAD
from headwater.values import complete, form
from headwater_agents.cooperative.behaviour import Flipper, Honest
from headwater_agents.cooperative.charters import charter_of
from headwater_agents.cooperative.engine import Member, Trainer, ground_of
from headwater_agents.cooperative.problem import SplitConfig, make_problem
from headwater_agents.cooperative.society import ACTIONS, VALUES, society
from headwater_agents.cooperative.trial import LOCAL
from headwater_deploy import ProtocolConfig, deploy

BOND = 1_000 * WAD
SALT = bytes(range(32))
NAMES = ("ada", "bo", "cy", "di")
"""Ada and di are of one camp."""


@pytest.mark.parametrize(("chain", "mode"), [("tester", "reject"), ("revm", "project")])
def test_a_signed_update_that_the_agreement_forbids_earns_nothing_and_costs_the_bond(chain: str, mode: str) -> None:
    population = society(NAMES, np.random.default_rng(4))
    agreed = next(each for each in form(population, complete(len(NAMES))).agreements if 0 in each.members)
    assert [NAMES[index] for index in agreed.members] == ["ada", "di"]

    # One round under the agreement's profile, in which di lies about every label.
    problem = make_problem("rain", SplitConfig(members=2), np.random.default_rng(1))
    task = SoftmaxRegression(len(problem.features), problem.classes)
    profile = charter_of("fair", agreed, population)
    mine, yours = (part.batch for part in problem.data.values())
    trainer = Trainer(
        ground_of(problem, task),
        [
            Member(name="ada", behaviour=Honest(mine)),
            Member(name="di", behaviour=Flipper(yours, problem.classes, boost=20.0)),
        ],
        (profile,),
        problem.validation.batch,
        local=LOCAL["rain"],
        settings=Settings(mode=mode),
        theta=task.start(np.random.default_rng(0)),
        seed=1,
    )
    played = trainer.step()
    context = trainer.ground.at(played.theta)
    static, charter = fixed_profile((profile,), context), fixed_charter(played.spaces)
    model = keccak(played.theta.tobytes())

    backend = connect(chain, seed=1)
    with closing(backend):
        owner, prover_account, *accounts = backend.dev_accounts(4)
        made = deploy(backend, owner, ProtocolConfig(registries=False, deals=False, min_bond=BOND))
        assert made.covenants is not None
        registry = ValueRegistry(backend, made.covenants.registry)
        court = UpdateCourt(backend, made.covenants.court)
        people = dict(zip(("ada", "di"), accounts, strict=True))
        desks = {name: ValueDesk(registry, account) for name, account in people.items()}

        # Both declare their own values with a bond, and accept what formed: the chain checks their bounds itself.
        vocabulary = vocabulary_hash(VALUES, ACTIONS)
        for index, (name, desk) in zip(agreed.members, desks.items(), strict=True):
            Participant(made.system, owner).transfer(people[name].address, BOND)
            own, bounds = population.system(index), population.bounds.of(index)
            sealed = Sealed(
                system=FixedSystem.of(own.weights, own.judgements),
                bounds=FixedBounds.of(bounds.weights, bounds.judgements, "l1"),
                vocabulary=vocabulary,
                salt=SALT,
            )
            desk.approve()
            desk.commit(sealed)
            desk.reveal(sealed, BOND)
        system = FixedSystem.of(agreed.system.weights, agreed.system.judgements)
        number = desks["ada"].propose(system, "l1", vocabulary, static.hash)
        for desk in desks.values():
            desk.relay(desk.sign(registry.agreement(number), 2**40))

        def under_oath(name: str, vector: FixedUpdate) -> SignedUpdate:
            update = Update(
                member=people[name].address,
                agreement=number,
                round=played.number,
                model=model,
                profile=static.hash,
                charter=charter.hash,
                vector=vector.hash,
            )
            signature = people[name].sign_typed(update.message(backend.chain_id, court.address))
            return SignedUpdate(update=update, signature=signature, vector=vector)

        # What ada sent passes the filter, so it can be signed without fear; what di sent cannot.
        honest, forbidden = (played.submissions[played.agents.index(name)].update for name in ("ada", "di"))
        sealed_update = seal(played.verdicts[played.agents.index("ada")].update, static, charter)
        assert np.abs(np.array(sealed_update.entries) / 1e9 - honest).max() < 1e-8
        signed = sign_update(
            people["ada"],
            backend.chain_id,
            court.address,
            agreement=number,
            round=played.number,
            model=model,
            profile=static,
            charter=charter,
            vector=sealed_update,
        )
        with pytest.raises(CovenantError, match="breaks"):
            seal(forbidden, static, charter)
        prover = Prover(court, prover_account)
        with pytest.raises(CovenantError, match="breaks neither"):
            prover.prove(signed, static, charter, SALT)

        # Di signs it all the same: it earns nothing, and whoever shows it to the court takes the bond.
        assert played.credit.values[played.agents.index("di")] <= 0
        assert trainer.ledger.shares(caution=0.0)["di"] == 0
        assert played.verdicts[played.agents.index("di")].admissible == (mode == "project")
        oath = under_oath("di", FixedUpdate.of(forbidden))
        prover.claim(oath.update, SALT)
        for _ in range(court.claim_blocks - 1):
            Participant(made.system, owner).transfer(owner.address, 0)
        before = made.system.balance(prover_account.address)
        taken = prover.prove(oath, static, charter, SALT, registry.profile_of(number))
        assert taken == BOND * court.slash_bps // 10_000
        assert 0 < made.system.balance(prover_account.address) - before <= taken // 2
        assert court.convicted(oath.update)
        assert not court.convicted(signed.update)
