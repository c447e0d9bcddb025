# pragma version ~=0.4.3
# pragma optimize gas
# pragma evm-version prague
"""
@title Cascade
@license GNU Affero General Public License v3.0 only
@notice Passes released money down a graph of nodes, hop by hop, under weights announced before the outcome.

        A node announces *versions* of its weights, numbered by one global counter. A leaf names a child and one
        version of that child, and pays only if that version is older (has a smaller number) than its own: so money
        only ever flows to smaller numbers, and no cycle can form. Version 0 is a plain recipient.

            share(node, version)       = inflow * keep_bps // 10_000                 goes to (node, 0)
            pot(node, version)         = inflow - share + released                   goes to the children
            entitlement(leaf)          = pot * weight // total
            pull(leaf)                 : inflow(child, child_version) += entitlement - taken

        inflow is what parents' pulls and direct deposits brought; released is what the node's own escrow let go
        (StakeVault has already paid the forecaster its share of that, so no share is taken again).

        Weights stand in a packed list (up to 32 leaves, whole in the event, pulled without proofs) or in a
        Merkle-sum tree (any number of leaves, pulled with proofs).

            record = child (20 bytes) | child_version (5) | weight (12)
            list   : root = keccak(record_0 | record_1 | ...)
            tree   : leaf = keccak(0x00 | index (4) | record)
                     node = keccak(0x01 | sum_left (12) | hash_left (32) | sum_right (12) | hash_right (32))

        Because a tree node hashes the sums of both its children, the leaves anyone can prove sum to at most
        `total`, whoever built the tree.
@dev Amounts of money are at most 2**96 - 1 each; running totals have 128 bits.
"""

from interfaces import ICascade
from interfaces import IHeadwaterToken

implements: ICascade

LIST: constant(uint256) = 255  # the depth that marks a list
MAX_DEPTH: constant(uint256) = 24
MAX_LEAVES: constant(uint256) = 32  # in a list
RECORD: constant(uint256) = 37  # bytes
STEP: constant(uint256) = 44  # bytes of one proof step: sum (12) | hash (32)
MIN_KEEP_BPS: constant(uint256) = 100
BPS: constant(uint256) = 10_000
BUFFER_GRAIN: constant(uint256) = 10**9
MAX_BUFFER: constant(uint256) = (2**64 - 1) * 10**9
MAX_WEI: constant(uint256) = 2**96 - 1
SELF: constant(uint256) = 2**32  # the index under which a node's own share is booked
LANE: constant(uint256) = 2**128 - 1
NEXT_MASK: constant(uint256) = 2**36 - 1
MINUTES_MASK: constant(uint256) = 2**28 - 1

TOKEN: public(immutable(address))
VAULT: public(immutable(address))

# Announcements so far; also the newest version's number, and the clock that orders versions and questions.
count: public(uint256)
# Newest version of a node; 0 if it never announced.
latest: public(HashMap[address, uint256])
# Keys are node (160 bits) | version (40), one number, because each level of a nested map costs another hash.
# key -> terms hash (192 bits) | next version (36) | minute in which it was replaced, rounded up (28)
_versions: HashMap[uint256, uint256]
# key -> inflow (low 128 bits) | released (high 128 bits); for version 0 the high lane is withdrawn
_flows: HashMap[uint256, uint256]
# key << 40 | index // 2 -> taken of the even index (low lane) | of the odd index (high lane)
_taken: HashMap[uint256, uint256]


@deploy
def __init__(token: address, vault: address):
    """
    @param token The HeadwaterToken.
    @param vault The StakeVault, which alone may book releases.
    """
    assert token != empty(address) and vault != empty(address), "cascade: zero address"
    TOKEN = token
    VAULT = vault


# ---------------------------------------------------------------- announcements


@external
def announce_list(leaves: Bytes[1184], keep_bps: uint256, buffer: uint256) -> uint256:
    """
    @notice Announces a version whose leaves stand whole in the event. An empty list (with keep_bps 10,000) drops
            all children.
    @param leaves Records of 37 bytes: child (20), child version (5), weight (12).
    @param keep_bps Share of what comes in from parents that the node keeps; 100 to 10,000, and exactly 10,000
           without children.
    @param buffer Wei a forecaster's escrow holds back against later losses; a multiple of 1e9.
    @return The version's number.
    """
    assert len(leaves) % RECORD == 0, "cascade: list is not whole records"
    total: uint256 = 0
    for i: uint256 in range(len(leaves) // RECORD, bound=MAX_LEAVES):
        total += extract32(leaves, i * RECORD + 5, output_type=uint256) & MAX_WEI
    if len(leaves) == 0:
        assert keep_bps == BPS, "cascade: no children, keep must be 10000"
    else:
        assert total != 0 and total <= MAX_WEI, "cascade: total not in 1..2**96-1"
    version: uint256 = 0
    replaces: uint256 = 0
    version, replaces = self._announce(
        ICascade.Terms(root=keccak256(leaves), total=total, depth=LIST, keep_bps=keep_bps, buffer=buffer)
    )
    log ICascade.ListAnnounced(
        node=msg.sender,
        version=version,
        replaces=replaces,
        total=total,
        keep_bps=keep_bps,
        buffer=buffer,
        leaves=leaves,
    )
    return version


@external
def announce_tree(
    root: bytes32,
    total: uint256,
    depth: uint256,
    keep_bps: uint256,
    buffer: uint256,
    content_hash: bytes32,
    uri: String[256],
) -> uint256:
    """
    @notice Announces a version by the root of a Merkle-sum tree. A leaf that nobody published binds nobody: what a
            root nobody can open receives stays in the ledger.
    @param root Top hash.
    @param total Top sum; 1 to 2**96 - 1.
    @param depth Levels above the leaves; at most 24.
    @param keep_bps As in announce_list.
    @param buffer As in announce_list.
    @param content_hash Hash of the published list of leaves.
    @param uri Where it is published.
    @return The version's number.
    """
    assert total != 0 and total <= MAX_WEI, "cascade: total not in 1..2**96-1"
    assert depth <= MAX_DEPTH, "cascade: tree deeper than 24"
    version: uint256 = 0
    replaces: uint256 = 0
    version, replaces = self._announce(
        ICascade.Terms(root=root, total=total, depth=depth, keep_bps=keep_bps, buffer=buffer)
    )
    log ICascade.TreeAnnounced(
        node=msg.sender,
        version=version,
        replaces=replaces,
        root=root,
        total=total,
        depth=depth,
        keep_bps=keep_bps,
        buffer=buffer,
        content_hash=content_hash,
        uri=uri,
    )
    return version


# ---------------------------------------------------------------- money in


@external
def deposit(node: address, version: uint256, amount: uint256):
    """
    @notice Pays a node under one of its versions. The cost does not depend on the number of its children.
    @param node Who is paid.
    @param version Under which version; one never announced by the node counts as version 0 does.
    @param amount Wei, taken from the caller's allowance.
    """
    assert node != empty(address), "cascade: node is the zero address"
    assert version <= self.count, "cascade: no such version yet"
    assert amount != 0, "cascade: nothing to deposit"
    self._add_inflow(node, version, amount)
    assert extcall IHeadwaterToken(TOKEN).transferFrom(msg.sender, self, amount)
    log ICascade.Deposited(node=node, version=version, payer=msg.sender, amount=amount)


@external
def receive_release(node: address, version: uint256, amount: uint256):
    """
    @notice Books what an escrow released; StakeVault has sent the tokens in the same call.
    @param node The forecaster.
    @param version The version its escrow belongs to.
    @param amount Wei.
    """
    assert msg.sender == VAULT, "cascade: caller is not the vault"
    key: uint256 = self._key(node, version)
    flow: uint256 = self._flows[key]
    assert (flow >> 128) + amount <= LANE, "cascade: flow overflow"
    self._flows[key] = flow + (amount << 128)
    log ICascade.ReleaseReceived(node=node, version=version, amount=amount)


# ---------------------------------------------------------------- pulls


@external
def pull(node: address, version: uint256, terms: ICascade.Terms, entries: Bytes[4096]) -> uint256:
    """
    @notice Moves what leaves of a tree are owed into the versions they name. Anybody may pull for anybody.
    @param node The announcer.
    @param version Its version.
    @param terms The version's terms.
    @param entries One or more of: index (4 bytes), record (37), then `depth` proof steps bottom up, each the
           sibling's sum (12) and hash (32). Reverts on a proof that does not open the root; an entry that is owed
           nothing is skipped.
    @return Wei moved.
    """
    assert terms.depth != LIST, "cascade: version is a list"
    key: uint256 = self._key(node, version)
    pot: uint256 = self._pot(key, terms)
    stride: uint256 = 4 + RECORD + STEP * terms.depth
    assert len(entries) != 0 and len(entries) % stride == 0, "cascade: entries are not whole"
    moved: uint256 = 0
    for i: uint256 in range(len(entries) // stride, bound=99):
        start: uint256 = i * stride
        head: uint256 = extract32(entries, start, output_type=uint256)  # index | child | child_version | ...
        index: uint256 = head >> 224
        assert index >> terms.depth == 0, "cascade: index outside the tree"
        weight: uint256 = extract32(entries, start + 9, output_type=uint256) & MAX_WEI
        sum: uint256 = weight
        hash: uint256 = convert(keccak256(concat(b"\x00", slice(entries, start, 4 + RECORD))), uint256)
        for level: uint256 in range(terms.depth, bound=MAX_DEPTH):
            step: uint256 = unsafe_add(start + 4 + RECORD, unsafe_mul(STEP, level))
            other_sum: uint256 = extract32(entries, step, output_type=uint256) >> 160
            other: uint256 = extract32(entries, step + 12, output_type=uint256)
            if (index >> level) & 1 == 0:
                hash = self._node(sum, hash, other_sum, other)
            else:
                hash = self._node(other_sum, other, sum, hash)
            # 24 sums of 96 bits cannot overflow, and the total that they must meet is below 2**96; but a sum that is
            # not would spill over in the words above.
            sum = unsafe_add(sum, other_sum)
            assert sum <= MAX_WEI, "cascade: sum overflow"
        assert convert(hash, bytes32) == terms.root and sum == terms.total, "cascade: proof does not open the root"
        moved += self._pay_leaf(
            key,
            node,
            version,
            index,
            convert((head >> 64) & convert(max_value(uint160), uint256), address),
            (head >> 24) & (2**40 - 1),
            pot * weight // terms.total,
        )
    return moved


@external
def pull_list(
    node: address, version: uint256, terms: ICascade.Terms, leaves: Bytes[1184], first: uint256, count: uint256
) -> uint256:
    """
    @notice Moves what leaves of a list are owed into the versions they name: a whole list without any proof.
    @param node The announcer.
    @param version Its version.
    @param terms The version's terms.
    @param leaves The whole list, as it stands in the announcement.
    @param first Index of the first leaf to pull.
    @param count How many to pull from there; a number past the end stops at the end.
    @return Wei moved.
    """
    assert terms.depth == LIST, "cascade: version is a tree"
    assert keccak256(leaves) == terms.root, "cascade: not the announced list"
    key: uint256 = self._key(node, version)
    pot: uint256 = self._pot(key, terms)
    end: uint256 = len(leaves) // RECORD
    assert first < end, "cascade: index outside the list"
    moved: uint256 = 0
    for i: uint256 in range(min(count, end - first), bound=MAX_LEAVES):
        index: uint256 = first + i
        head: uint256 = extract32(leaves, index * RECORD, output_type=uint256)  # child | child_version | ...
        weight: uint256 = extract32(leaves, index * RECORD + 5, output_type=uint256) & MAX_WEI
        moved += self._pay_leaf(
            key,
            node,
            version,
            index,
            convert(head >> 96, address),
            (head >> 56) & (2**40 - 1),
            pot * weight // terms.total,
        )
    return moved


@external
def pull_share(node: address, version: uint256, terms: ICascade.Terms) -> uint256:
    """
    @notice Moves a node's own share under one of its versions to (node, 0), from where withdraw pays it out.
    @param node The node.
    @param version One of its versions. A number it never announced keeps everything, and terms do not matter.
    @param terms The version's terms.
    @return Wei moved.
    """
    assert version != 0, "cascade: version 0 has nothing to pull"
    key: uint256 = self._key(node, version)
    entitlement: uint256 = self._flows[key] & LANE
    if self._versions[key] != 0:
        self._check_terms(key, terms)
        entitlement = entitlement * terms.keep_bps // BPS
    return self._move(key, node, version, SELF, node, 0, entitlement)


@external
def withdraw(node: address) -> uint256:
    """
    @notice Pays a node everything that is finally its own. Anybody may call it; only the node is paid. It cannot be
            paused.
    @param node The node.
    @return Wei paid; 0 if nothing was due.
    """
    key: uint256 = self._key(node, 0)
    flow: uint256 = self._flows[key]
    amount: uint256 = (flow & LANE) - (flow >> 128)
    if amount == 0:
        return 0
    self._flows[key] = flow + (amount << 128)
    assert extcall IHeadwaterToken(TOKEN).transfer(node, amount)
    log ICascade.Withdrawn(node=node, amount=amount)
    return amount


# ---------------------------------------------------------------- views


@external
@view
def version_state(node: address, version: uint256) -> (uint256, uint256, uint256):
    """
    @notice State of a version.
    @param node The node.
    @param version The version.
    @return (terms hash, 0 if never announced; next version, 0 if it is the newest; time in seconds, rounded up to a
            minute, at which it was replaced, 0 if it was not).
    """
    word: uint256 = self._versions[self._key(node, version)]
    return word >> 64, (word >> 28) & NEXT_MASK, (word & MINUTES_MASK) * 60


@external
@view
def binds(node: address, version: uint256, count: uint256) -> bool:
    """
    @notice Whether `version` was the newest of `node` when `count` announcements had been made.
    @param node The node.
    @param version The version; 0 if it had announced none.
    @param count The counter at that moment.
    """
    word: uint256 = self._versions[self._key(node, version)]
    next: uint256 = (word >> 28) & NEXT_MASK
    return version <= count and (version == 0 or word != 0) and (next == 0 or next > count)


@external
@view
def has_terms(node: address, version: uint256, terms: ICascade.Terms) -> bool:
    """
    @notice Whether these are the terms of that version.
    @param node The node.
    @param version The version.
    @param terms The terms.
    """
    return self._versions[self._key(node, version)] >> 64 == self._hash(terms)


@external
@view
def flows(node: address, version: uint256) -> (uint256, uint256):
    """
    @notice What has ever come in.
    @param node The node.
    @param version The version.
    @return (inflow, released) in wei; for version 0 (inflow, withdrawn).
    """
    flow: uint256 = self._flows[self._key(node, version)]
    return flow & LANE, flow >> 128


@external
@view
def taken(node: address, version: uint256, index: uint256) -> uint256:
    """
    @notice What a leaf has ever pulled.
    @param node The announcer.
    @param version Its version.
    @param index The leaf's index; 2**32 for the node's own share.
    @return Wei.
    """
    assert index <= SELF, "cascade: no such index"
    return (self._taken[(self._key(node, version) << 40) | (index >> 1)] >> ((index & 1) << 7)) & LANE


@external
@view
def withdrawable(node: address) -> uint256:
    """
    @notice What withdraw would pay now.
    @param node The node.
    @return Wei.
    """
    flow: uint256 = self._flows[self._key(node, 0)]
    return (flow & LANE) - (flow >> 128)


# ---------------------------------------------------------------- internal


@internal
def _announce(terms: ICascade.Terms) -> (uint256, uint256):
    assert terms.keep_bps >= MIN_KEEP_BPS and terms.keep_bps <= BPS, "cascade: keep not in 100..10000 bps"
    assert terms.buffer % BUFFER_GRAIN == 0 and terms.buffer <= MAX_BUFFER, "cascade: buffer not whole gwei below 2**64"
    version: uint256 = self.count + 1
    assert version <= NEXT_MASK, "cascade: counter exhausted"
    self.count = version
    replaces: uint256 = self.latest[msg.sender]
    self.latest[msg.sender] = version
    # For replaces == 0 this marks the time from which the node is no longer without a version.
    self._versions[self._key(msg.sender, replaces)] |= (version << 28) | ((block.timestamp + 59) // 60)
    self._versions[self._key(msg.sender, version)] = self._hash(terms) << 64
    return version, replaces


@internal
@pure
def _key(node: address, version: uint256) -> uint256:
    # A larger number would run into the node's bits, and so name another node's version.
    assert version < 2**40, "cascade: no such version"
    return (convert(node, uint256) << 40) | version


@internal
@pure
def _hash(terms: ICascade.Terms) -> uint256:
    return (
        convert(
            keccak256(abi_encode(terms.root, terms.total, terms.depth, terms.keep_bps, terms.buffer)), uint256
        )
        >> 64
    )


@internal
@pure
def _node(sum_left: uint256, left: uint256, sum_right: uint256, right: uint256) -> uint256:
    # keccak(0x01 | sum_left (12) | left (32) | sum_right (12) | right (32)), the 89 bytes put together as three words:
    # half the gas of a concat.
    return convert(
        keccak256(
            slice(
                abi_encode(
                    (1 << 248) | (sum_left << 152) | (left >> 104),
                    (left << 152) | (sum_right << 56) | (right >> 200),
                    right << 56,
                ),
                0,
                89,
            )
        ),
        uint256,
    )


@internal
@view
def _check_terms(key: uint256, terms: ICascade.Terms):
    # Version 0 has no terms, and nothing hashes to 0.
    assert self._versions[key] >> 64 == self._hash(terms), "cascade: not the announced terms"


@internal
@view
def _pot(key: uint256, terms: ICascade.Terms) -> uint256:
    self._check_terms(key, terms)
    flow: uint256 = self._flows[key]
    inflow: uint256 = flow & LANE
    return inflow - inflow * terms.keep_bps // BPS + (flow >> 128)


@internal
def _pay_leaf(
    key: uint256,
    node: address,
    version: uint256,
    index: uint256,
    child: address,
    child_version: uint256,
    entitlement: uint256,
) -> uint256:
    # A leaf that names nobody, or a version that is not older than its own, pays the announcer: its author's loss
    # of a promise, nobody else's, and the reason why no cycle can form.
    if child == empty(address) or (child_version != 0 and child_version >= version):
        return self._move(key, node, version, index, node, 0, entitlement)
    return self._move(key, node, version, index, child, child_version, entitlement)


@internal
def _move(
    key: uint256,
    node: address,
    version: uint256,
    index: uint256,
    child: address,
    child_version: uint256,
    entitlement: uint256,
) -> uint256:
    pair_key: uint256 = (key << 40) | (index >> 1)
    pair: uint256 = self._taken[pair_key]
    lane: uint256 = (index & 1) << 7
    # The pot never shrinks, so neither does an entitlement.
    amount: uint256 = entitlement - ((pair >> lane) & LANE)
    if amount == 0:
        return 0
    self._taken[pair_key] = pair + (amount << lane)
    self._add_inflow(child, child_version, amount)
    log ICascade.Pulled(
        node=node, child=child, version=version, child_version=child_version, index=index, amount=amount
    )
    return amount


@internal
def _add_inflow(node: address, version: uint256, amount: uint256):
    key: uint256 = self._key(node, version)
    flow: uint256 = self._flows[key]
    assert (flow & LANE) + amount <= LANE, "cascade: flow overflow"
    self._flows[key] = flow + amount
