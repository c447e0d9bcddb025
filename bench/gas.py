"""Gas of every operation, whole transactions on py-evm under Prague rules, and the snapshot that the tests compare.

"Steady" is what the operation costs once every slot it writes is in use, which is how shared figures of peers are
measured; "first" is what the first call pays for fresh slots.

    python -m bench.gas            beside the peers' figures
    python -m bench.gas --write    rewrite bench/gas.json
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eth_hash.auto import keccak

from bench.gas_deals import tasks_and_deals
from bench.gas_values import values_and_agreements
from bench.gas_votes import votes_and_court
from headwater.cascade import Leaf, MerkleSumTree
from headwater.chain import Receipt, checksum
from headwater.chain.participant import Participant
from headwater.chain.system import SeriesParams, Times
from headwater.chain.tester import EmbeddedBackend
from headwater.identity import AgentDesk, Payment, Registries
from headwater.units import WAD
from headwater_deploy import DAY, HOUR, ProtocolConfig, deploy

SNAPSHOT: Final = Path(__file__).with_name("gas.json")
URI: Final = "ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"
SALT: Final = bytes(range(32))
# What the design aims for or the best peer needs; the sources stand in docs/gas.md.
TARGETS: Final[dict[str, int]] = {
    "pay 10 recipients (deposit, steady)": 56_000,
    "pay 100 recipients (deposit, steady)": 56_000,
    "pay 1000 recipients (deposit, steady)": 56_000,
    "change weights, 10 children published (steady)": 83_500,
    "change weights, 32 children published (steady)": 102_200,
    "change weights, 100 children by content hash (steady)": 75_000,
    "collect: pull 1 of 10 from a list (steady)": 50_000,
    "collect: pull 1 of 10 with proof (steady)": 50_000,
    "collect: pull 1 of 1000 with proof (steady)": 55_100,
    "collect: withdraw (steady)": 45_000,
    "3 levels, fan-out 10, all 100 leaves credited (steady)": 2_000_000,
    "commit (steady)": 130_000,
    "reveal, 2 outcomes": 60_000,
    "settle a gain (steady)": 110_000,
    "settle a loss (steady)": 110_000,
    "settle a gain (fresh checkpoint)": 110_000,
    "EIP-3009 transferWithAuthorization": 64_177,
    "ERC-8004 register(uri), 66 bytes (first of its owner)": 183_552,
    "ERC-8004 register(uri), 66 bytes (steady)": 183_552,
    "ERC-8004 giveFeedback (steady)": 108_484,
    "ERC-8004 validationResponse (first)": 110_534,
}

# Whole transactions on py-evm under Prague rules, steady state, on each peer's own contracts at the commit named.
PEERS = {
    "0xSplits v2 (71f09d30)": {
        "pay 10 recipients (deposit, steady)": 163_669,
        "pay 100 recipients (deposit, steady)": 1_029_782,
        "change weights, 10 children published (steady)": 56_690,
        "change weights, 100 children by content hash (steady)": 212_875,
        "collect: withdraw (steady)": 49_800,
    },
    "Drips (07c39242)": {
        "pay 10 recipients (deposit, steady)": 123_459,
        "pay 100 recipients (deposit, steady)": 917_943,
        "change weights, 10 children published (steady)": 84_041,
        "change weights, 100 children by content hash (steady)": 338_793,
        "collect: withdraw (steady)": 119_493,
        "3 levels, fan-out 10, all 100 leaves credited (steady)": 5_380_000,
    },
    "Superfluid pool (c8795f8d)": {
        "pay 10 recipients (deposit, steady)": 66_026,
        "pay 100 recipients (deposit, steady)": 66_026,
        "collect: withdraw (steady)": 147_798,
    },
    "ERC-8004 v2 reference": {
        "ERC-8004 register(uri), 66 bytes (steady)": 183_552,
        "ERC-8004 giveFeedback (steady)": 108_484,
        "ERC-8004 validationResponse (first)": 110_534,
    },
    "ERC-8004 in Vyper": {
        "ERC-8004 register(uri), 66 bytes (steady)": 273_395,
        "ERC-8004 giveFeedback (steady)": 121_503,
        "ERC-8004 validationResponse (first)": 127_893,
    },
}


@dataclass
class _Bench:
    """A deployment to measure on, and the figures so far."""

    chain: EmbeddedBackend
    governor: Participant
    people: list[Participant]
    registries: Registries
    gas: dict[str, int]

    def note(self, what: str, receipt: Receipt) -> Receipt:
        self.gas[what] = receipt.gas_used
        return receipt


def _plain(number: int) -> str:
    return checksum(keccak(b"recipient %d" % number)[12:])


def _leaves(count: int, *, version: int = 0) -> list[Leaf]:
    return [Leaf(_plain(i), version, 500_000 + 12_345 * i) for i in range(count)]


def _start() -> _Bench:
    chain = EmbeddedBackend(seed=7)
    accounts = chain.dev_accounts(16)
    deployment = deploy(chain, accounts[0], ProtocolConfig(min_window=60, epoch=DAY, covenants=False, deals=False))
    system = deployment.system
    assert deployment.registries is not None
    governor, *people = [Participant(system, account) for account in accounts]
    for person in [governor, *people]:
        governor.transfer(person.address, 10**6 * WAD)
        person.approve(system.addresses.vault)
        person.approve(system.addresses.cascade)
    return _Bench(chain, governor, people, Registries(chain, deployment.registries), {})


def _cascade(bench: _Bench) -> None:
    payer = bench.governor
    for index, count in enumerate((10, 100, 1000)):
        node = bench.people[index]
        if count <= 32:
            made = node.announce_list(_leaves(count), 1_000)
        else:
            made = node.announce_tree(MerkleSumTree(_leaves(count)), 1_000, 0, keccak(b"leaves"), URI)
        first = payer.deposit(node.address, made.version, WAD)
        if count == 10:
            bench.note("pay 10 recipients (deposit, first)", first)
        bench.note(f"pay {count} recipients (deposit, steady)", payer.deposit(node.address, made.version, WAD))

    node, other = bench.people[3], bench.people[4]
    for count, label in ((10, "10 children published"), (32, "32 children published")):
        node.announce_list(_leaves(count), 1_000)
        bench.gas[f"change weights, {label} (steady)"] = _announce_list(node, _leaves(count))
    tree = MerkleSumTree(_leaves(100))
    for step in ("first", "steady"):
        cost = _announce_tree(other, tree)
        bench.gas[f"change weights, 100 children by content hash ({step})"] = cost

    made = node.announce_list(_leaves(10), 1_000)
    leaves = made.leaves or ()
    payer.deposit(node.address, made.version, WAD)
    bench.note("pull a list of 10 (first)", payer.pull_list(node.address, made.version, made.terms, leaves))
    payer.deposit(node.address, made.version, WAD)
    bench.note("pull a list of 10 (steady)", payer.pull_list(node.address, made.version, made.terms, leaves))
    payer.deposit(node.address, made.version, WAD)
    bench.note(
        "collect: pull 1 of 10 from a list (steady)",
        payer.pull_list(node.address, made.version, made.terms, leaves, first=4, count=1),
    )
    for count in (10, 1000):
        tree = MerkleSumTree(_leaves(count))
        made = node.announce_tree(tree, 1_000, 0, keccak(b"leaves"), URI)
        for _ in range(2):
            payer.deposit(node.address, made.version, WAD)
            receipt = payer.pull_tree(node.address, made.version, made.terms, tree, [4])
        bench.note(f"collect: pull 1 of {count} with proof (steady)", receipt)
        payer.deposit(node.address, made.version, WAD)
        payer.pull_tree(node.address, made.version, made.terms, tree, range(8))
        payer.deposit(node.address, made.version, WAD)
        receipt = payer.pull_tree(node.address, made.version, made.terms, tree, range(8))
        bench.gas[f"pull 8 of {count} with proofs, each (steady)"] = receipt.gas_used // 8
    bench.note("collect: withdraw (first)", payer.withdraw(_plain(4)))
    payer.deposit(_plain(4), 0, WAD)
    bench.note("collect: withdraw (steady)", payer.withdraw(_plain(4)))
    bench.note("pull a node's own share (first)", payer.pull_share(node.address, made.version, made.terms))
    payer.deposit(node.address, made.version, WAD)
    bench.note("pull a node's own share (steady)", payer.pull_share(node.address, made.version, made.terms))


def _announce_list(node: Participant, leaves: list[Leaf]) -> int:
    spent: list[int] = []
    Participant(node.system, node.account, lambda _, receipt: spent.append(receipt.gas_used)).announce_list(
        leaves, 1_000
    )
    return spent[0]


def _announce_tree(node: Participant, tree: MerkleSumTree) -> int:
    spent: list[int] = []
    watched = Participant(node.system, node.account, lambda _, receipt: spent.append(receipt.gas_used))
    watched.announce_tree(tree, 1_000, 0, keccak(b"leaves"), URI)
    return spent[0]


def _three_levels(bench: _Bench) -> None:
    payer = bench.governor
    middle = bench.people[5:15]
    below = [
        node.announce_list([Leaf(_plain(1_000 + 10 * i + j), 0, 1_000 + j) for j in range(10)], 1_000)
        for i, node in enumerate(middle)
    ]
    top = bench.people[4].announce_list([Leaf(a.node, a.version, 1_000 + i) for i, a in enumerate(below)], 1_000)
    for step in ("first", "steady"):
        total = payer.deposit(top.node, top.version, 1_000 * WAD).gas_used
        for made in (top, *below):
            total += payer.pull_list(made.node, made.version, made.terms, made.leaves or ()).gas_used
        bench.gas[f"3 levels, fan-out 10, all 100 leaves credited ({step})"] = total


def _arena(bench: _Bench) -> None:
    governor, chain = bench.governor, bench.chain
    system = governor.system
    arena_people = bench.people[:2]
    for person in arena_people:
        bench.note("stake deposit (first)", person.stake(1_000 * WAD))
        # Beyond the ring of 256 checkpoints every write reuses a slot; until then each takes a fresh one.
        bench.note("stake deposit: a fresh checkpoint", person.stake(WAD))
        for _ in range(256):
            person.stake(WAD)
        bench.note("stake deposit: a checkpoint write (steady)", person.stake(WAD))
    for outcomes in (2, 8):
        series = governor.create_series(
            SeriesParams(
                outcomes=outcomes,
                share_bps=500,
                min_wager=WAD,
                epoch_cap=10**26,
                forgetting=99 * 10**16,
                smoothing=10**12,
                warm_up=0,
                opener=governor.address,
                oracle=governor.address,
                governed=True,
            )
        )
        weights, _ = system.treasury.call("weights")
        governor.set_weights([*weights, series], [1] * (len(weights) + 1))
        chain.time_travel(chain.now() + DAY)
        bench.note("roll", governor.roll())
        made = [person.announce_list(_leaves(10), 3_000) for person in arena_people]
        for person, announced in zip(arena_people, made, strict=True):
            bench.note("open an escrow", governor.open_escrow(person.address, announced.version, announced.terms))
        for number in range(6):
            life = _question(bench, series, outcomes, arena_people, outcome=0 if number % 2 else 1)
        label = f"{outcomes} outcomes"
        opened, committed, revealed, resolved, gain, loss = life
        bench.note(f"open a question, {label} (steady)", opened)
        if outcomes == 2:
            bench.note("commit (steady)", committed)
            bench.note("settle a gain (steady)", gain)
            bench.note("settle a loss (steady)", loss)
            bench.note("settle a gain (fresh checkpoint)", _fresh(bench, series))
        else:
            bench.note("settle a gain, 8 outcomes (steady)", gain)
        bench.note(f"reveal, {label}", revealed)
        bench.note(f"resolve, {label} (steady)", resolved)
        version = made[0].version
        bench.note(f"release an escrow, {label}", governor.release(arena_people[0].address, version))


def _fresh(bench: _Bench, series: int) -> Receipt:
    """A gain of somebody whose ring of checkpoints is not full; all other slots are in use."""
    person = bench.people[2]
    person.stake(1_000 * WAD)
    made = person.announce_list(_leaves(10), 3_000)
    bench.governor.open_escrow(person.address, made.version, made.terms)
    for number in range(4):
        gain = _question(bench, series, 2, [person, bench.people[1]], outcome=number % 2)[4]
    return gain


def _question(
    bench: _Bench, series: int, outcomes: int, people: list[Participant], outcome: int
) -> tuple[Receipt, Receipt, Receipt, Receipt, Receipt, Receipt]:
    """One question on which the first person is right and the second wrong; receipts of a whole life."""
    governor, chain = bench.governor, bench.chain
    seen: dict[str, Receipt] = {}

    def observe(operation: str, receipt: Receipt) -> None:
        seen[operation] = receipt

    watched = Participant(governor.system, governor.account, observe)
    now = chain.now() + 60
    times = Times(
        commit_start=now,
        commit_end=now + HOUR,
        reveal_end=now + 2 * HOUR,
        event_start=now + 2 * HOUR,
        resolve_after=now + 3 * HOUR,
    )
    question = watched.open_question(series, times)
    chain.time_travel(now)
    for person, right in zip(people, (True, False), strict=True):
        Participant(person.system, person.account, observe).commit(
            question, _report(outcomes, outcome, right), 100 * WAD, SALT
        )
    chain.time_travel(times.commit_end)
    for person, right in zip(people, (True, False), strict=True):
        watched.reveal(question, person.address, _report(outcomes, outcome, right), SALT)
    chain.time_travel(times.resolve_after)
    watched.resolve(question, outcome)
    gain = watched.settle(question, people[0].address)
    loss = watched.settle(question, people[1].address)
    names = ("open_question", "commit", "reveal", "resolve")
    opened, committed, revealed, resolved = (seen[f"ForecastArena.{name}"] for name in names)
    return opened, committed, revealed, resolved, gain, loss


def _report(outcomes: int, outcome: int, right: bool) -> list[int]:
    low = WAD // 20 if right else WAD // 5
    rest = [low if right else (WAD - WAD // 50) // (outcomes - 1)] * outcomes
    rest[outcome] = 0
    rest[outcome] = WAD - sum(rest)
    return rest


def _settle(bench: _Bench, nonce: bytes) -> tuple[Payment, Receipt]:
    """An EIP-3009 payment of a token from the first person to the second."""
    payer, payee = bench.people[0], bench.people[1]
    token = payer.system.token
    payment = Payment(
        payer=payer.address,
        to=payee.address,
        amount=WAD,
        valid_after=0,
        valid_before=2**40,
        nonce=nonce,
    )
    words = (payment.payer, payment.to, payment.amount, payment.valid_after, payment.valid_before, payment.nonce)
    members = ("from", "to", "value", "validAfter", "validBefore", "nonce")
    types = ("address", "address", "uint256", "uint256", "uint256", "bytes32")
    message: dict[str, Any] = {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "TransferWithAuthorization": [
                {"name": name, "type": kind} for name, kind in zip(members, types, strict=True)
            ],
        },
        "primaryType": "TransferWithAuthorization",
        "domain": {
            "name": "Headwater",
            "version": "1",
            "chainId": bench.chain.chain_id,
            "verifyingContract": token.address,
        },
        "message": dict(zip(members, words, strict=True)),
    }
    signature = payer.account.sign_typed(message)
    v = signature[64] if signature[64] >= 27 else 27 + signature[64]
    receipt = token.send(
        "transferWithAuthorization", *words, v, signature[:32], signature[32:64], sender=bench.governor.account
    )
    return payment, receipt


def _token(bench: _Bench) -> None:
    _, receipt = _settle(bench, keccak(b"nonce"))
    bench.note("EIP-3009 transferWithAuthorization", receipt)


def _registries(bench: _Bench) -> None:
    """Every verb of the registries; the agent is the payee of `_settle`, the client its payer."""

    def desk(person: Participant, what: str = "") -> AgentDesk:
        def observe(operation: str, receipt: Receipt) -> None:
            if what:
                bench.note(f"ERC-8004 {what}", receipt)

        return AgentDesk(bench.registries, person.account, observe)

    client, owner, other = bench.people[0], bench.people[1], bench.people[2]
    desk(bench.governor).register(URI)  # the registry's first agent also pays for its counter
    agent = desk(owner, "register(uri), 66 bytes (first of its owner)").register(URI)
    desk(owner, "register(uri), 66 bytes (steady)").register(URI)
    desk(owner, "register() (steady)").register()
    desk(owner, "setAgentURI, 66 bytes (steady)").set_uri(agent, URI)
    desk(owner, "setMetadata, 32 bytes (first)").set_metadata(agent, "key", bytes(range(32)))
    moved = desk(owner, "register(uri), one metadata entry").register(URI, {"key": bytes(range(32))})
    desk(owner, "setAgentWallet (first)").set_wallet(moved, other.account)
    desk(owner, "unsetAgentWallet").unset_wallet(moved)
    desk(owner, "transferFrom (first of its receiver)").hand_over(moved, other.address)

    def feedback(what: str) -> int:
        return desk(client, what).give_feedback(
            agent,
            87,
            0,
            "quality",
            "rain",
            endpoint="https://provider.example/signals",
            uri=URI,
            content_hash=keccak(b"feedback"),
        )

    index = feedback("giveFeedback (first of its client, new tags)")
    feedback("giveFeedback (steady)")
    desk(owner, "appendResponse (first)").respond(agent, client.address, index, URI, keccak(b"response"))
    desk(client, "revokeFeedback").revoke_feedback(agent, 2)
    for nonce, stage in ((b"first", "first of its client"), (b"second", "steady")):
        payment, _ = _settle(bench, keccak(nonce))
        desk(client, f"ground a payment ({stage})").ground_payment(agent, index, payment)
    for number, stage in enumerate(("first", "steady")):
        key = keccak(b"request %d" % number)
        desk(owner, f"validationRequest ({stage})").request_validation(other.address, agent, URI, key)
        # A first answer writes the slot of its hash; a tag is new once.
        what = "validationResponse (first, new tag)" if number == 0 else "validationResponse (first)"
        desk(other, what).answer_validation(key, 90, URI, keccak(b"answer"), "soft-finality")
    desk(other, "validationResponse (steady)").answer_validation(key, 95, URI, keccak(b"again"), "soft-finality")


def measure() -> dict[str, int]:
    """Gas by operation; exact and repeatable."""
    bench = _start()
    _cascade(bench)
    _three_levels(bench)
    _arena(bench)
    _token(bench)
    _registries(bench)
    return dict(sorted((bench.gas | values_and_agreements() | votes_and_court() | tasks_and_deals()).items()))


def table(gas: dict[str, int]) -> str:
    """The figures as text, beside what was aimed for and what peers need."""
    heads = "".join(f" {name.split(' (')[0]:>16}" for name in PEERS)
    lines = [f"{'operation':58} {'gas':>10} {'aim':>10}        {heads}"]
    for name, used in gas.items():
        aim = TARGETS.get(name)
        shown = "" if aim is None else f"{aim:,}"
        missed = "missed" if aim is not None and used > aim else ""
        peers = "".join(f" {figures.get(name, ''):>16}" for figures in PEERS.values())
        lines.append(f"{name:58} {used:>10,} {shown:>10} {missed:6} {peers}".rstrip())
    return "\n".join([*lines, "", "Peers: whole transactions on py-evm, at the commits named in docs/gas.md."])


def main(argv: list[str] | None = None) -> None:
    """Prints the figures; with --write rewrites the snapshot."""
    parser = argparse.ArgumentParser(prog="python -m bench.gas", description=__doc__)
    parser.add_argument("--write", action="store_true", help="rewrite bench/gas.json")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(argv)
    gas = measure()
    if options.write:
        SNAPSHOT.write_text(json.dumps(gas, indent=1) + "\n")
    print(json.dumps(gas, indent=1) if options.json else table(gas))


if __name__ == "__main__":
    main()
