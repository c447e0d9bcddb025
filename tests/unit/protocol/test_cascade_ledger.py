import pytest
from cascade_cases import ZERO, Case, address, cases
from hypothesis import given, settings

from headwater.cascade import SHARE, Leaf, Ledger, MerkleSumTree
from headwater.cascade.errors import LedgerError, ProofError, TermsError

A, B, C = address(0), address(1), address(2)


def test_a_pull_moves_what_was_not_taken_yet_and_a_second_one_nothing() -> None:
    ledger = Ledger()
    version = ledger.announce_list(A, [Leaf(B, 0, 1), Leaf(C, 0, 2)], 1_000)
    ledger.deposit(A, version, 100)
    assert ledger.pull_leaf(A, version, 0) == 30
    assert ledger.pull_leaf(A, version, 0) == 0
    ledger.deposit(A, version, 100)
    assert ledger.pull_list(A, version, ledger.terms(A, version)) == 30 + 120  # type: ignore[arg-type]
    assert ledger.pull_share(A, version) == 20
    assert ledger.pull_share(A, version) == 0
    assert (ledger.withdraw(B), ledger.withdraw(B)) == (60, 0)
    assert ledger.flows(B, 0) == (60, 60)
    assert ledger.balance() == 140
    assert [ledger.taken[Leaf(A, 0, 0).child, version, i] for i in (0, 1, SHARE)] == [60, 120, 20]


def test_released_money_pays_no_share() -> None:
    ledger = Ledger()
    version = ledger.announce_list(A, [Leaf(B, 0, 1)], 9_000)
    ledger.credit_released(A, version, 70)
    assert ledger.pull_share(A, version) == 0
    assert ledger.pull_leaf(A, version, 0) == 70


def test_proven_leaves_of_an_unknown_tree_are_pulled() -> None:
    tree = MerkleSumTree([Leaf(B, 0, 1), Leaf(C, 0, 1), Leaf(A, 0, 2)])
    terms = tree.terms(100)
    ledger = Ledger()
    version = ledger.announce_terms(A, terms)
    ledger.credit_released(A, version, 40)
    assert ledger.pull(A, version, terms, tree.entries([0, 0, 2])) == 30
    forged = tree.entry(1)[:-1] + b"\0"
    with pytest.raises(ProofError):
        ledger.pull(A, version, terms, tree.entry(1) + forged)
    assert ledger.withdrawable(C) == 0
    with pytest.raises(LedgerError, match="not known"):
        ledger.pull_leaf(A, version, 1)


def test_naming_a_version_number_another_node_holds_pays_the_named_node_itself() -> None:
    ledger = Ledger()
    ledger.announce_list(C, [Leaf(A, 0, 1)], 100)
    version = ledger.announce_list(A, [Leaf(B, 1, 1)], 100)
    ledger.credit_released(A, version, 9)
    ledger.settle()
    assert (ledger.flows(B, 1)[0], ledger.withdrawable(B), ledger.withdrawable(A)) == (9, 9, 0)


@given(cases())
@settings(max_examples=60, deadline=None)
def test_the_balance_covers_what_is_owed_and_everybody_can_leave(case: Case) -> None:
    ledger = case.settled()
    for node in case.people:
        due = ledger.withdrawable(node)
        assert 0 <= due <= ledger.balance()
        assert ledger.withdraw(node) == due
        assert ledger.withdrawable(node) == 0
    assert ledger.balance() >= 0


def test_calls_that_the_contract_reverts_change_nothing() -> None:
    ledger = Ledger()
    version = ledger.announce_list(A, [Leaf(B, 0, 1)], 100)
    tree = MerkleSumTree([Leaf(B, 0, 1)])
    wood = ledger.announce_tree(A, tree, 100)
    ledger.deposit(A, version, 50)
    terms, other = ledger.terms(A, version), ledger.terms(A, wood)
    assert terms is not None
    assert other is not None
    before = (dict(ledger.inflow), dict(ledger.released), dict(ledger.taken), list(ledger.deposits))
    for call in (
        lambda: ledger.deposit(A, 3, 1),
        lambda: ledger.deposit(A, -1, 1),
        lambda: ledger.deposit(A, version, 0),
        lambda: ledger.deposit(ZERO, 0, 1),
        lambda: ledger.deposit(A, version, 2**128),
        lambda: ledger.credit_released(A, 0, 1),
        lambda: ledger.credit_released(A, version, -1),
        lambda: ledger.credit_released(A, version, 2**128),
        lambda: ledger.pull_leaf(A, version, 1),
        lambda: ledger.pull_leaf(B, version, 0),
        lambda: ledger.pull_leaf(A, 0, 0),
        lambda: ledger.pull_list(A, version, other),
        lambda: ledger.pull_list(A, wood, other),
        lambda: ledger.pull_list(A, version, terms, first=1),
        lambda: ledger.pull_share(A, 0),
        lambda: ledger.pull_share(A, version, other),
        lambda: ledger.pull(A, version, other, tree.entry(0)),
        lambda: ledger.announce_terms(A, terms),
        lambda: ledger.announce_list(ZERO, [Leaf(B, 0, 1)], 100),
    ):
        with pytest.raises(LedgerError):
            call()
    with pytest.raises(ProofError):
        ledger.pull(A, version, terms, tree.entry(0))
    with pytest.raises(TermsError):
        ledger.announce_list(A, [], 100)
    assert before == (ledger.inflow, ledger.released, ledger.taken, ledger.deposits)
    assert ledger.count == 2


def test_a_batch_that_overflows_is_undone_whole() -> None:
    ledger = Ledger()
    version = ledger.announce_list(A, [Leaf(B, 0, 1), Leaf(C, 0, 1)], 100)
    ledger.deposit(C, 0, 2**128 - 1)
    ledger.credit_released(A, version, 10)
    terms = ledger.terms(A, version)
    assert terms is not None
    with pytest.raises(LedgerError, match="at most"):
        ledger.pull_list(A, version, terms)
    assert (ledger.withdrawable(B), ledger.pull_leaf(A, version, 0)) == (0, 5)


def test_terms_of_a_stranger_are_unknown() -> None:
    ledger = Ledger()
    assert ledger.terms(A, 1) is None
    version = ledger.announce_list(A, [], 10_000)
    assert ledger.terms(A, version) is not None
    assert (ledger.latest, ledger.count) == ({Leaf(A, 0, 0).child: 1}, 1)
