"""Declarations: sealed first, opened by whoever sealed them, well-formed to the last bit, bonded, never overwritten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checks import refused
from harness import ZERO
from headwater.chain import Reverted, deploy, load
from headwater.covenant import MAX_BOUND, SCALE, FixedBounds, FixedSystem, Frame, Sealed, commitment, system_hash
from value_cases import (
    DAY,
    JOIN_WINDOW,
    MIN_BOND,
    PROVER_BPS,
    REVEAL_WINDOW,
    SALT,
    UNBONDING,
    VOCABULARY,
    Commons,
    sealed,
    send_as,
    system,
)

HERE = Path(__file__).parent


def _words(sealed: Sealed, **changes: Any) -> list[Any]:
    """Arguments of reveal."""
    given: dict[str, Any] = {
        "frame": sealed.frame.words,
        "bounds": (sealed.bounds.weights, sealed.bounds.judgements),
        "entries": sealed.system.encode(),
        "salt": sealed.salt,
        "bond": MIN_BOND,
        **changes,
    }
    return list(given.values())


def _int64(*entries: int) -> bytes:
    return b"".join(entry.to_bytes(8, "big", signed=True) for entry in entries)


def test_what_is_revealed_is_what_was_committed(commons: Commons) -> None:
    mine = sealed(0.3, -0.5, weights=0.25, judgements=float("inf"), norm="squared-l2")
    receipt = commons.member.commit(mine)
    committed = commons.backend.block_time(receipt.block_number)
    assert commons.registry.committed(commons.member.address)[1:] == (receipt.block_number, committed)
    assert commons.member.reveal(mine, MIN_BOND + 5) == 1
    found = commons.registry.declaration(commons.member.address)
    assert (found.system, found.bounds, found.vocabulary) == (mine.system, mine.bounds, VOCABULARY)
    assert found.bounds == FixedBounds(weights=SCALE * SCALE // 4, judgements=MAX_BOUND, norm="squared-l2")
    assert (found.number, found.committed) == (1, committed)
    assert found.system_hash == system_hash(mine.frame, mine.system)
    stored = commons.registry.contract.call("declaration", commons.member.address, 1)
    assert stored.system == found.system_hash
    assert (stored.norm, stored.values, stored.actions, stored.committed) == (2, 2, 1, committed)
    assert tuple(stored.bounds) == (mine.bounds.weights, mine.bounds.judgements)
    assert commons.registry.bond(commons.member.address).amount == MIN_BOND + 5
    assert commons.registry.committed(commons.member.address) == (bytes(32), 0, 0)
    commons.audit()


def test_a_new_declaration_leaves_the_old_one_where_it_stands(commons: Commons) -> None:
    for number, first in enumerate((0.2, 0.8), 1):
        assert commons.declare(commons.member, sealed(first), MIN_BOND if number == 1 else 0) == number
    assert commons.registry.declarations(commons.member.address) == 2
    for number, first in enumerate((0.2, 0.8), 1):
        assert commons.registry.declaration(commons.member.address, number).system == system(first)
    assert commons.registry.declaration(commons.member.address).number == 2


def test_a_commitment_opens_in_a_later_block_and_within_its_window(commons: Commons) -> None:
    registry, mine = commons.registry.contract, sealed()
    with refused(commons, "registry: nothing is committed"):
        commons.member.reveal(mine, MIN_BOND)
    with refused(commons, "registry: empty commitment"):
        send_as(commons.member.account, registry, "commit", bytes(32))
    commons.member.commit(mine)
    _, _, sealed_at = commons.registry.committed(commons.member.address)
    before = commons.backend.snapshot()
    commons.backend.time_travel(sealed_at + REVEAL_WINDOW + 1)
    with refused(commons, "registry: commitment is expired"):
        commons.member.reveal(mine, MIN_BOND)
    commons.backend.revert(before)
    commons.backend.time_travel(sealed_at + REVEAL_WINDOW)
    assert commons.member.reveal(mine, MIN_BOND) == 1
    with refused(commons, "registry: nothing is committed"):
        commons.member.reveal(mine, 0)


def test_nobody_commits_and_reveals_in_one_block(commons: Commons) -> None:
    """Or who reads another's reveal in the queue of transactions could declare the same before it."""
    hasty, _ = deploy(commons.backend, load("Hasty", HERE), sender=commons.attacker.account)
    registry, mine = commons.registry.contract, sealed()
    commons.token.send("transfer", hasty, MIN_BOND, sender=commons.attacker.account)
    digest = commitment(
        commons.backend.chain_id, registry.address, hasty.address, mine.frame, mine.bounds, mine.system, mine.salt
    )
    calls = registry.encode("commit", digest), registry.encode("reveal", *_words(mine))
    with refused(commons, "registry: reveal in a later block"):
        send_as(commons.attacker.account, hasty, "run", registry, *calls)
    allow = commons.token.encode("approve", registry, MIN_BOND)
    send_as(commons.attacker.account, hasty, "run", commons.token, allow, allow)
    send_as(commons.attacker.account, hasty, "run", registry, calls[0], calls[0])
    commons.backend.mine()
    # The same calls in two blocks are in order.
    send_as(commons.attacker.account, hasty, "run", registry, calls[1], registry.encode("commit", digest))
    assert commons.registry.declarations(hasty.address) == 1


def test_a_second_commitment_replaces_the_first(commons: Commons) -> None:
    first, second = sealed(0.1), sealed(0.9)
    commons.member.commit(first)
    commons.member.commit(second)
    with refused(commons, "registry: not what was committed"):
        commons.member.reveal(first, MIN_BOND)
    assert commons.member.reveal(second, MIN_BOND) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"frame": (bytes(32), 2, 1, 1)},
        {"frame": (VOCABULARY, 2, 1, 3)},
        {"frame": (VOCABULARY, 1, 3, 1), "entries": _int64(SCALE, 0, 0, 0)},
        {"bounds": (SCALE + 1, SCALE)},
        {"bounds": (SCALE, SCALE - 1)},
        {"entries": system(0.5, 0.1).encode()},
        {"salt": bytes(32)},
    ],
    ids=["vocabulary", "norm", "shape", "bound on weights", "bound on judgements", "entries", "salt"],
)
def test_nothing_of_a_declaration_changes_after_the_commitment(commons: Commons, change: dict[str, Any]) -> None:
    commons.member.commit(sealed())
    with refused(commons, "registry: not what was committed"):
        send_as(commons.member.account, commons.registry.contract, "reveal", *_words(sealed(), **change))


@pytest.mark.parametrize(
    ("frame", "entries", "reason"),
    [
        ((VOCABULARY, 2, 1, 0), _int64(SCALE, 0, 0, 0), "registry: no such norm"),
        ((VOCABULARY, 2, 1, 4), _int64(SCALE, 0, 0, 0), "registry: no such norm"),
        ((VOCABULARY, 2, 1, 2**256 - 1), _int64(SCALE, 0, 0, 0), "registry: no such norm"),
        ((VOCABULARY, 0, 1, 1), b"", "registry: values not in 1..16"),
        ((VOCABULARY, 17, 1, 1), _int64(SCALE, *[0] * 33), "registry: values not in 1..16"),
        ((VOCABULARY, 2**255, 1, 1), b"", "registry: values not in 1..16"),
        ((VOCABULARY, 2, 0, 1), _int64(SCALE, 0), "registry: actions not in 1..16"),
        ((VOCABULARY, 1, 17, 1), _int64(SCALE, *[0] * 17), "registry: actions not in 1..16"),
        ((VOCABULARY, 2, 2**256 - 1, 1), b"", "registry: actions not in 1..16"),
        ((VOCABULARY, 2, 1, 1), _int64(SCALE, 0, 0), "registry: entries of the wrong length"),
        ((VOCABULARY, 2, 1, 1), _int64(SCALE, 0, 0, 0, 0), "registry: entries of the wrong length"),
        ((VOCABULARY, 2, 1, 1), _int64(SCALE, 0, 0, 0) + b"\0", "registry: entries of the wrong length"),
        ((VOCABULARY, 2, 1, 1), b"", "registry: entries of the wrong length"),
        ((VOCABULARY, 2, 1, 1), _int64(SCALE, 0, SCALE + 1, 0), "registry: entry not in -SCALE..SCALE"),
        ((VOCABULARY, 2, 1, 1), _int64(SCALE, 0, 0, -SCALE - 1), "registry: entry not in -SCALE..SCALE"),
        ((VOCABULARY, 2, 1, 1), _int64(SCALE, 0, 0, -(2**63)), "registry: entry not in -SCALE..SCALE"),
        ((VOCABULARY, 2, 1, 1), _int64(2**63 - 1, 0, 0, 0), "registry: entry not in -SCALE..SCALE"),
        ((VOCABULARY, 2, 1, 1), _int64(SCALE, -1, 0, 0), "registry: negative weight"),
        ((VOCABULARY, 2, 1, 1), _int64(SCALE - 1, 0, 0, 0), "registry: weights do not sum to SCALE"),
        ((VOCABULARY, 2, 1, 1), _int64(SCALE, 1, 0, 0), "registry: weights do not sum to SCALE"),
        ((VOCABULARY, 2, 1, 1), _int64(0, 0, SCALE, 0), "registry: weights do not sum to SCALE"),
    ],
)
def test_what_is_no_system_is_neither_declared_nor_proposed_nor_measured(
    commons: Commons, frame: tuple[bytes, int, int, int], entries: bytes, reason: str
) -> None:
    registry = commons.registry.contract
    commons.member.commit(sealed())
    with refused(commons, reason):
        send_as(commons.member.account, registry, "reveal", *_words(sealed(), frame=frame, entries=entries))
    with refused(commons, reason):
        send_as(commons.member.account, registry, "propose", frame, entries, SALT)
    with pytest.raises(Reverted) as caught:
        registry.call("distances", frame, entries, entries)
    assert caught.value.reason == reason


def test_a_bound_that_the_word_does_not_hold_is_refused(commons: Commons) -> None:
    commons.member.commit(sealed())
    for bounds in ((2**96, 0), (0, 2**96), (2**256 - 1, 0)):
        with refused(commons, "registry: bound above 2**96-1"):
            send_as(commons.member.account, commons.registry.contract, "reveal", *_words(sealed(), bounds=bounds))


def test_a_declaration_needs_the_minimum_bond(commons: Commons) -> None:
    registry, mine = commons.registry.contract, sealed()
    commons.member.commit(mine)
    with refused(commons, "registry: bond below the minimum"):
        commons.member.reveal(mine, MIN_BOND - 1)
    for huge in (2**96, 2**256 - 1):
        with refused(commons, "registry: more than there can be"):
            send_as(commons.member.account, registry, "reveal", *_words(mine, bond=huge))
    with pytest.raises(Reverted, match=r"erc20: insufficient allowance|erc20: transfer amount exceeds balance"):
        send_as(commons.member.account, registry, "reveal", *_words(mine, bond=2**96 - 1))
    commons.member.deposit(MIN_BOND - 1)
    assert commons.member.reveal(mine, 1) == 1
    assert commons.registry.bond(commons.member.address).amount == MIN_BOND
    commons.audit()


def test_a_commitment_of_somebody_else_is_worth_nothing(commons: Commons) -> None:
    """Neither the hash copied before the reveal nor the reveal copied after it makes a declaration of the copier's."""
    mine = sealed(0.3)
    commons.member.commit(mine)
    copied, _, _ = commons.registry.committed(commons.member.address)
    send_as(commons.attacker.account, commons.registry.contract, "commit", copied)
    with refused(commons, "registry: not what was committed"):
        commons.attacker.reveal(mine, MIN_BOND)
    commons.member.reveal(mine, MIN_BOND)
    with refused(commons, "registry: not what was committed"):
        commons.attacker.reveal(mine, MIN_BOND)


def test_a_commitment_belongs_to_one_chain_and_one_registry(commons: Commons) -> None:
    mine, here = sealed(), commons.registry.address
    chain_id, who = commons.backend.chain_id, commons.member.address
    for chain, registry in ((chain_id + 1, here), (chain_id, commons.treasury)):
        digest = commitment(chain, registry, who, mine.frame, mine.bounds, mine.system, mine.salt)
        send_as(commons.member.account, commons.registry.contract, "commit", digest)
        with refused(commons, "registry: not what was committed"):
            commons.member.reveal(mine, MIN_BOND)


def test_the_clock_shows_who_could_have_copied(commons: Commons) -> None:
    """A copy is not prevented, it is dated: its commitment is later than the reveal it copies."""
    commons.declare(commons.member, sealed(0.3))
    revealed = commons.backend.block_time(commons.backend.block_number())
    commons.declare(commons.attacker, sealed(0.3))
    assert commons.registry.declaration(commons.attacker.address).committed > revealed
    assert commons.registry.declaration(commons.member.address).committed < revealed


def test_the_largest_system_there_is_fits(commons: Commons) -> None:
    most = FixedSystem((SCALE, *[0] * 15), tuple((SCALE, -SCALE) * 8 for _ in range(16)))
    mine = Sealed(system=most, bounds=FixedBounds.of(1, 1, "linf"), vocabulary=VOCABULARY, salt=SALT)
    assert mine.frame == Frame(vocabulary=VOCABULARY, values=16, actions=16, norm=3)
    commons.declare(commons.member, mine)
    assert commons.registry.declaration(commons.member.address).system == most


def test_a_registry_is_only_made_with_settings_inside_its_rails(commons: Commons) -> None:
    good: list[Any] = [
        commons.token.address,
        commons.treasury,
        commons.threshold.address,
        commons.court.address,
        MIN_BOND,
        UNBONDING,
        REVEAL_WINDOW,
        JOIN_WINDOW,
        PROVER_BPS,
    ]
    for place, values, reason in (
        *((i, [ZERO], "registry: zero address") for i in range(4)),
        (4, [0, 2**96], "registry: min bond not in 1..2**96-1"),
        (5, [0, 366 * DAY + 1], "registry: unbonding not in 1 s..366 days"),
        (6, [0, 30 * DAY + 1], "registry: reveal window not in 1 s..30 days"),
        (7, [0, 366 * DAY + 1], "registry: join window not in 1 s..366 days"),
        (8, [5_001], "registry: prover's part above half"),
    ):
        for value in values:
            args = [*good[:place], value, *good[place + 1 :]]
            with pytest.raises(Reverted) as caught:
                deploy(commons.backend, load("ValueRegistry"), *args, sender=commons.member.account)
            assert caught.value.reason == reason


def test_the_settings_read_back(commons: Commons) -> None:
    rules = commons.registry.rules()
    assert (rules.min_bond, rules.unbonding, rules.reveal_window) == (MIN_BOND, UNBONDING, REVEAL_WINDOW)
    assert (rules.join_window, rules.prover_bps) == (JOIN_WINDOW, PROVER_BPS)
