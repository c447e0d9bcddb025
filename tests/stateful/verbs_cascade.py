"""Rules about escrows, announcements, pulls and withdrawals, sound, malformed and forged."""

from __future__ import annotations

from model_arena import NOBODY
from model_vault import Key
from pick import Pick
from stage import CONFIG, TOKENS, Stage
from verbs import verb

from headwater.cascade import Leaf, MerkleSumTree, Terms, pack_list
from headwater.chain.participant import Participant

Pair = tuple[str, int]

# ---------------------------------------------------------------- announcements


def leaf(s: Stage, p: Pick, node: str) -> Leaf:
    """A child: a plain recipient, an older version of a node, or one that pays the announcer instead."""
    cascade = s.model.cascade
    child = p.one(s.agents).address
    kind = p.number(0, 9)
    weight = p.one((1, 3, 10_000, 10**18 + 7, 0)) if p.often(15, 16) else 2**94
    if kind <= 3:
        return Leaf(child, 0, weight)
    if kind <= 6:
        return Leaf(child, cascade.latest(child), weight)
    if kind == 7:
        # Newer versions, its own number among them: a cycle, were such a leaf to pay.
        child = p.one((child, node))
        return Leaf(child, cascade.ledger.count + p.one((1, 2, 100)), weight)
    if kind == 8:
        return Leaf(child, p.number(0, cascade.ledger.count), weight)
    return Leaf(p.one((NOBODY, *s.contracts)), p.number(0, 1) * cascade.ledger.count, weight)


def keep(p: Pick) -> int:
    return p.one((1_000, 100, 3_333, 9_999, 10_000)) if p.often(31, 32) else p.one((99, 10_001))


def buffer(p: Pick) -> int:
    return p.one((0, 10**9, 50 * TOKENS, 2_000 * TOKENS)) if p.often(31, 32) else p.one((1, 2**64 * 10**9))


def announce(s: Stage, who: Participant, leaves: list[Leaf], keep_bps: int, held_back: int = 0) -> int:
    """Announce a list; the version's number, 0 if it was refused."""
    done = s.do(who, "cascade", "announce_list", pack_list(leaves), keep_bps, held_back)
    return s.model.cascade.latest(who.address) if done else 0


@verb()
def announce_list(s: Stage, p: Pick) -> None:
    who = p.one(s.agents)
    announce(s, who, [leaf(s, p, who.address) for _ in range(p.number(1, 4))], keep(p), buffer(p))


@verb()
def drop_children(s: Stage, p: Pick) -> None:
    if p.number(1, 4) == 4:
        announce(s, p.one(s.agents), [], 10_000 if p.often(3, 4) else keep(p), buffer(p))


@verb()
def announce_tree(s: Stage, p: Pick) -> None:
    """A tree of published leaves; or a root that does not fit them, so that nobody can open it."""
    who = p.one(s.agents)
    leaves = [leaf(s, p, who.address) for _ in range(p.one((1, 2, 3, 5, 9)))]
    if not any(one.weight for one in leaves):
        leaves[0] = Leaf(leaves[0].child, 0, 1)
    tree = MerkleSumTree(leaves)
    root, total, depth = tree.root, tree.total, tree.depth
    broken = p.number(0, 8)
    if broken in (5, 8):
        # Leaves that claim more than the total, so that all of it would be promised several times.
        total = max(1, total // 2)
    elif broken == 6:
        root = bytes(range(32))
    elif broken == 7:
        depth += 1
    sent = s.do(who, "cascade", "announce_tree", root, total, depth, keep(p), buffer(p), bytes(32), "")
    if sent:
        known = s.model.cascade.announced[who.address, s.model.cascade.latest(who.address)]
        if (root, total, depth) == (tree.root, tree.total, tree.depth):
            known.tree = tree
        else:
            known.false_tree = tree


# ---------------------------------------------------------------- money in


def versions(s: Stage) -> list[Pair]:
    """Versions that were announced or received money, those with something to move first."""
    cascade, ledger = s.model.cascade, s.model.cascade.ledger
    pairs = [pair for pair in cascade.pairs() if pair[1]]
    return sorted(pairs, key=lambda pair: not (ledger.inflow.get(pair) or ledger.released.get(pair)))


def a_version(s: Stage, p: Pick) -> Pair:
    """One of them, more likely with money."""
    pairs = versions(s)
    rich = sum(1 for pair in pairs if sum(s.model.cascade.ledger.flows(*pair)))
    return p.one(pairs[:rich]) if rich and p.often(3, 4) else p.one(pairs)


@verb()
def deposit(s: Stage, p: Pick) -> None:
    who, cascade = p.one(s.people), s.model.cascade
    node = p.one(s.agents).address
    version = cascade.latest(node) if p.often(3, 4) else p.number(0, cascade.ledger.count + 1)
    s.do(who, "cascade", "deposit", node, version, p.amount(min(1_000 * TOKENS, s.model.token.balance(who.address))))


# ---------------------------------------------------------------- pulls


def terms_of(s: Stage, p: Pick, pair: Pair) -> Terms:
    """Its terms; seldom another version's, or with more for the one who brings them."""
    cascade = s.model.cascade
    known = cascade.announced.get(pair)
    announced = sorted(cascade.announced)
    if known is None or not p.often(15, 16):
        return cascade.announced[p.one(announced)].terms if announced else Terms(bytes(32), 1, 0, 10_000, 0)
    terms = known.terms
    if not p.often(15, 16) and terms.total:
        return Terms(terms.root, terms.total, terms.depth, min(10_000, terms.keep_bps + 1), terms.buffer)
    return terms


@verb(versions)
def pull_share(s: Stage, p: Pick) -> None:
    node, version = a_version(s, p)
    number = version if p.often(31, 32) else 0
    s.do(p.one(s.people), "cascade", "pull_share", node, number, terms_of(s, p, (node, version)).as_tuple())


@verb(lambda s: any(known.packed for known in s.model.cascade.announced.values()))
def pull_list(s: Stage, p: Pick) -> None:
    announced = s.model.cascade.announced
    lists = [pair for pair in versions(s) if pair in announced and announced[pair].packed]
    rich = [pair for pair in lists if sum(s.model.cascade.ledger.flows(*pair))]
    pair = p.one(rich) if rich and p.often() else p.one(lists)
    packed = announced[pair].packed if p.often(15, 16) else announced[p.one(lists)].packed
    first, count = (0, 32) if p.often(1, 2) else (p.number(0, 4), p.number(0, 3))
    s.do(p.one(s.people), "cascade", "pull_list", *pair, terms_of(s, p, pair).as_tuple(), packed, first, count)


@verb(lambda s: any(known.packed is None for known in s.model.cascade.announced.values()), weight=2)
def pull_tree(s: Stage, p: Pick) -> None:
    """Leaves with their proofs, some twice; and proofs that open nothing."""
    announced = s.model.cascade.announced
    trees = [pair for pair in versions(s) if pair in announced and announced[pair].packed is None]
    rich = [pair for pair in trees if sum(s.model.cascade.ledger.flows(*pair))]
    pair = p.one(rich) if rich and p.often() else p.one(trees)
    known = announced[pair]
    tree = known.tree or known.false_tree
    assert tree is not None
    indices = [p.number(0, len(tree) - 1) for _ in range(p.number(1, 3))]
    entries = bytearray(tree.entries(indices))
    if not p.often():
        match p.number(0, 2):
            case 0:
                entries[p.number(0, len(entries) - 1)] ^= 1 << p.number(0, 7)
            case 1:
                entries = entries[: p.number(0, len(entries) - 1)]
            case _:
                # More weight for the leaf, less for its sibling: the sum at the top stays what it was.
                entries[40] ^= 1
                if len(entries) > 52:
                    entries[52] ^= 1
    s.do(p.one(s.people), "cascade", "pull", *pair, terms_of(s, p, pair).as_tuple(), bytes(entries))


def nodes_with_money(s: Stage) -> list[str]:
    """Who can withdraw from the Cascade."""
    return [holder for holder in s.holders if s.model.cascade.ledger.withdrawable(holder)]


@verb()
def withdraw_node(s: Stage, p: Pick) -> None:
    due = nodes_with_money(s)
    node = p.one(due) if due and p.often(15, 16) else p.one(s.holders)
    s.do(p.one(s.people), "cascade", "withdraw", node)


# ---------------------------------------------------------------- escrows


def domains(s: Stage) -> list[int]:
    """Domain 0, and those of the sponsored series."""
    return [0, *(number for number, series in s.model.arena.series.items() if series.domain)]


def an_escrow(s: Stage, p: Pick, keys: list[Key]) -> Key:
    """One of these; seldom another name under which somebody might look for it, or none at all."""
    forecaster, version, domain = p.one(keys or sorted(s.model.vault.escrows))
    if p.often():
        return forecaster, version, domain
    aliases = [
        (version | (domain << 40), 0),
        (version | (domain << 40), domain),
        (version, domain + 2**216),
        (version, domain + 2**32),
        (version, domain + 1),
        (0, domain),
    ]
    return forecaster, *p.one(aliases)


@verb(lambda s: any(s.model.cascade.latest(person.address) for person in s.agents))
def open_escrow(s: Stage, p: Pick) -> None:
    announced = sorted(s.model.cascade.announced)
    node, version = p.one(announced)
    keys = [(node, version, domain) for domain in domains(s)]
    s.do(p.one(s.people), "vault", "open_escrow", *an_escrow(s, p, keys), terms_of(s, p, (node, version)).as_tuple())


@verb(lambda s: s.model.vault.escrows)
def release(s: Stage, p: Pick) -> None:
    due = [key for key, escrow in s.model.vault.escrows.items() if escrow.due]
    s.do(p.one(s.people), "vault", "release", *an_escrow(s, p, due if p.often() else []))


@verb(lambda s: s.model.vault.escrows, weight=2)
def close(s: Stage, p: Pick) -> None:
    escrows, successors = s.model.vault.escrows, s.model.cascade.successors
    full = [key for key, escrow in escrows.items() if escrow.held or (escrow.debt and key[:2] in successors)]
    key = an_escrow(s, p, full if p.often() else [])
    if key[:2] in successors and p.often(1, 4):
        # To the second at which a replaced version may be closed, or the one before.
        s.travel(successors[key[:2]][1] + CONFIG.max_window - p.number(0, 1))
    s.do(p.one(s.people), "vault", "close", *key)
