# pragma version ~=0.4.3
# pragma optimize gas
# pragma evm-version prague
"""
@title UpdateCourt
@license GNU Affero General Public License v3.0 only
@notice Holds members of an agreement to what they signed. A member signs each model update: its entries (by hash), the
        profile they keep and the round's half-spaces (by hash). Whoever holds such an update and the list it breaks
        shows both here; the check is exact integer arithmetic, and the member loses a part of its bond, once an update.

            entries   u_i  signed 8 bytes, SCALE = 1e9, 1 to 1_024 of them
            profile   = keccak256(policy (32 bytes) | dimension (2) | records)
            record    = kind (1) | start (2) | stop (2) | bound (8, SCALE)
                kind 1: sum of u_i**2 over start <= i < stop   <= bound**2
                kind 2: |u_i| <= bound for every start <= i < stop    (a bound, or features left alone)
            charter   = keccak256(abi_encode(rows));  a row's hash is that of
            row       = b (16, SCALE**2) | a_i (8 each, SCALE):    sum of a_i * u_i <= b

        A proof is public once it is sent, so whoever wants the reward claims first, under a hash that hides what it is
        about, and proves CLAIM_BLOCKS later: a copy of the proof pays whom the claim names.
@dev Encodings, roundings and what is out of reach stand in SPEC. The registry pays the prover its share.
"""

from snekmate.utils import eip712_domain_separator

from interfaces import IUpdateCourt
from interfaces import IValueRegistry
from modules import consent

implements: IUpdateCourt

initializes: eip712_domain_separator

exports: eip712_domain_separator.eip712Domain

BPS: constant(uint256) = 10_000
MAX_CLAIM_BLOCKS: constant(uint256) = 256
MAX_DIMENSION: constant(uint256) = 1_024
HEAD: constant(uint256) = 34  # bytes of a profile before its records
RECORD: constant(uint256) = 13
ROW_HEAD: constant(uint256) = 16
MASK_16: constant(uint256) = 2**16 - 1
MASK_64: constant(uint256) = 2**64 - 1
# Behind a list, so that a whole word can be read at its last entry.
_PAD: constant(Bytes[32]) = b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
_UPDATE_TYPE_HASH: constant(bytes32) = keccak256(
    "Update(address member,uint256 agreement,uint256 round,bytes32 model,bytes32 profile,bytes32 charter,bytes32 vector)"
)

# Kinds of offences, as the event tells them.
OF_PROFILE: constant(uint256) = 1
OF_CHARTER: constant(uint256) = 2
OF_MISMATCH: constant(uint256) = 3

REGISTRY: public(immutable(address))
# Of the member's bond, for each conviction.
SLASH_BPS: public(immutable(uint256))
CLAIM_BLOCKS: public(immutable(uint256))

# claim -> the block it was made in
claimed: public(HashMap[bytes32, uint256])
# digest of an update, which names its member -> whether it was convicted
convicted: public(HashMap[bytes32, bool])


@deploy
def __init__(registry: address, slash_bps: uint256, claim_blocks: uint256):
    """
    @param registry The ValueRegistry.
    @param slash_bps What a conviction takes of the member's bond, in bps; 1 to 10_000.
    @param claim_blocks Blocks from a claim to its proof; 1 to 256.
    """
    assert registry != empty(address), "court: zero address"
    assert slash_bps >= 1 and slash_bps <= BPS, "court: slash not in 1..10000 bps"
    assert claim_blocks >= 1 and claim_blocks <= MAX_CLAIM_BLOCKS, "court: claim blocks not in 1..256"
    REGISTRY = registry
    SLASH_BPS = slash_bps
    CLAIM_BLOCKS = claim_blocks
    eip712_domain_separator.__init__("HeadwaterUpdateCourt", "1")


# ---------------------------------------------------------------- convictions


@external
def claim(claim: bytes32):
    """
    @notice Claims a proof's reward before the proof is shown. Anybody may send it; it pays whom it names.
    @param claim As claim_of gives it.
    """
    assert self.claimed[claim] == 0, "court: claimed already"
    self.claimed[claim] = block.number
    log IUpdateCourt.Claimed(claim=claim)


@external
def convict_profile(
    update: IUpdateCourt.Update,
    signature: Bytes[1024],
    profile: Bytes[3362],
    index: uint256,
    vector: Bytes[8192],
    prover: address,
    salt: bytes32,
) -> uint256:
    """
    @notice Shows that an update breaks a constraint of the profile it was signed under.
    @param update What the member signed.
    @param signature EIP-712 signature of Update: ECDSA (65 bytes), or what the member's contract accepts (ERC-1271).
    @param profile The profile's encoding.
    @param index Which of its constraints, from 0.
    @param vector The packed entries.
    @param prover Whom the claim names.
    @param salt As claimed.
    @return Wei taken of the bond.
    """
    assert keccak256(profile) == update.profile, "court: not the signed profile"
    assert keccak256(vector) == update.vector, "court: not the signed vector"
    assert self._breaks_profile(profile, index, vector), "court: the constraint is kept"
    return self._convict(update, signature, prover, salt, OF_PROFILE, index)


@external
def convict_charter(
    update: IUpdateCourt.Update,
    signature: Bytes[1024],
    rows: DynArray[bytes32, 64],
    index: uint256,
    row: Bytes[8208],
    vector: Bytes[8192],
    prover: address,
    salt: bytes32,
) -> uint256:
    """
    @notice Shows that an update breaks a half-space of the round's charter it was signed under.
    @param update What the member signed.
    @param signature As in convict_profile.
    @param rows Hashes of the charter's half-spaces.
    @param index Which of them, from 0.
    @param row The half-space's encoding.
    @param vector The packed entries.
    @param prover Whom the claim names.
    @param salt As claimed.
    @return Wei taken of the bond.
    """
    assert keccak256(abi_encode(rows)) == update.charter, "court: not the signed charter"
    assert index < len(rows), "court: no such half-space"
    assert keccak256(row) == rows[index], "court: not the half-space of the charter"
    assert keccak256(vector) == update.vector, "court: not the signed vector"
    assert self._breaks_charter(row, vector), "court: the half-space is kept"
    return self._convict(update, signature, prover, salt, OF_CHARTER, index)


@external
def convict_mismatch(
    update: IUpdateCourt.Update, signature: Bytes[1024], prover: address, salt: bytes32
) -> uint256:
    """
    @notice Shows that an update was signed under another profile than its agreement's.
    @param update What the member signed.
    @param signature As in convict_profile.
    @param prover Whom the claim names.
    @param salt As claimed.
    @return Wei taken of the bond.
    """
    profile: bytes32 = staticcall IValueRegistry(REGISTRY).profile_of(update.agreement)
    assert profile != update.profile, "court: it is the agreement's profile"
    return self._convict(update, signature, prover, salt, OF_MISMATCH, 0)


# ---------------------------------------------------------------- views


@external
@view
def digest(update: IUpdateCourt.Update) -> bytes32:
    """
    @notice What a member signs.
    @param update The update.
    """
    return self._digest(update)


@external
@view
def claim_of(prover: address, digest: bytes32, salt: bytes32) -> bytes32:
    """
    @notice The hash to claim. Ask your own node only: whoever answers learns what it is about.
    @param prover Whom the proof is to pay.
    @param digest Of the update.
    @param salt 32 random bytes.
    """
    return self._claim(prover, digest, salt)


@external
@pure
def breaks_profile(profile: Bytes[3362], index: uint256, vector: Bytes[8192]) -> bool:
    """
    @notice Whether entries break a constraint of a profile: same function as convict_profile uses.
    @param profile The profile's encoding.
    @param index Which of its constraints, from 0.
    @param vector The packed entries.
    """
    return self._breaks_profile(profile, index, vector)


@external
@pure
def breaks_charter(row: Bytes[8208], vector: Bytes[8192]) -> bool:
    """
    @notice Whether entries break a half-space: same function as convict_charter uses.
    @param row The half-space's encoding.
    @param vector The packed entries.
    """
    return self._breaks_charter(row, vector)


# ---------------------------------------------------------------- internal


@internal
@view
def _digest(update: IUpdateCourt.Update) -> bytes32:
    return eip712_domain_separator._hash_typed_data_v4(keccak256(abi_encode(_UPDATE_TYPE_HASH, update)))


@internal
@view
def _claim(prover: address, digest: bytes32, salt: bytes32) -> bytes32:
    return keccak256(abi_encode(chain.id, self, prover, digest, salt))


@internal
def _convict(
    update: IUpdateCourt.Update,
    signature: Bytes[1024],
    prover: address,
    salt: bytes32,
    offence: uint256,
    index: uint256,
) -> uint256:
    digest: bytes32 = self._digest(update)
    since: uint256 = self.claimed[self._claim(prover, digest, salt)]
    assert since != 0, "court: not claimed"
    assert block.number >= since + CLAIM_BLOCKS, "court: the claim is too young"
    assert not self.convicted[digest], "court: convicted already"
    assert staticcall IValueRegistry(REGISTRY).was_member(update.agreement, update.member), "court: never a member"
    assert consent._consents(update.member, digest, signature), "court: invalid signature of the member"
    bond: uint256 = staticcall IValueRegistry(REGISTRY).bond_of(update.member)
    # Or the update would be spent on nothing.
    assert bond != 0, "court: no bond left"
    self.convicted[digest] = True
    taken: uint256 = extcall IValueRegistry(REGISTRY).slash(
        update.member, update.agreement, (bond * SLASH_BPS + BPS - 1) // BPS, prover
    )
    log IUpdateCourt.Convicted(
        member=update.member,
        agreement=update.agreement,
        prover=prover,
        digest=digest,
        offence=offence,
        index=index,
        taken=taken,
    )
    return taken


@internal
@pure
def _breaks_profile(profile: Bytes[3362], index: uint256, vector: Bytes[8192]) -> bool:
    assert len(profile) >= HEAD and (len(profile) - HEAD) % RECORD == 0, "court: profile is not whole"
    assert index < (len(profile) - HEAD) // RECORD, "court: no such constraint"
    padded: Bytes[3394] = concat(profile, _PAD)
    dimension: uint256 = extract32(padded, 32, output_type=uint256) >> 240
    assert dimension <= MAX_DIMENSION and len(vector) == 8 * dimension, "court: vector is not of the dimension"
    record: uint256 = extract32(padded, HEAD + RECORD * index, output_type=uint256)
    kind: uint256 = record >> 248
    start: uint256 = (record >> 232) & MASK_16
    stop: uint256 = (record >> 216) & MASK_16
    bound: uint256 = (record >> 152) & MASK_64
    assert start < stop and stop <= dimension, "court: constraint outside the vector"
    entries: Bytes[8224] = concat(vector, _PAD)
    # No sum overflows: 1_024 squares below 2**127.
    if kind == 1:
        sum: int256 = 0
        for i: uint256 in range(start, stop, bound=MAX_DIMENSION):
            entry: int256 = extract32(entries, unsafe_mul(8, i), output_type=int256) >> 192
            sum = unsafe_add(sum, unsafe_mul(entry, entry))
        return convert(sum, uint256) > bound * bound
    assert kind == 2, "court: no such kind of constraint"
    limit: int256 = convert(bound, int256)
    for i: uint256 in range(start, stop, bound=MAX_DIMENSION):
        entry: int256 = extract32(entries, unsafe_mul(8, i), output_type=int256) >> 192
        if entry > limit or entry < -limit:
            return True
    return False


@internal
@pure
def _breaks_charter(row: Bytes[8208], vector: Bytes[8192]) -> bool:
    assert len(vector) % 8 == 0 and len(row) == ROW_HEAD + len(vector), "court: row is not of the vector's dimension"
    normal: Bytes[8240] = concat(row, _PAD)
    entries: Bytes[8224] = concat(vector, _PAD)
    bound: int256 = extract32(normal, 0, output_type=int256) >> 128
    sum: int256 = 0
    # No sum overflows: 1_024 products below 2**127.
    for i: uint256 in range(len(vector) // 8, bound=MAX_DIMENSION):
        a: int256 = extract32(normal, unsafe_add(ROW_HEAD, unsafe_mul(8, i)), output_type=int256) >> 192
        u: int256 = extract32(entries, unsafe_mul(8, i), output_type=int256) >> 192
        sum = unsafe_add(sum, unsafe_mul(a, u))
    return sum > bound
