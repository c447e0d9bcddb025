# pragma version ~=0.4.3
# pragma evm-version prague
"""
@title Probe
@license GNU Affero General Public License v3.0 only
@notice Shows a client every shape of result, event and failure that it has to understand.
"""

from snekmate.utils import math


struct Point:
    x: uint256
    owner: address


struct Path:
    name: String[16]
    points: DynArray[Point, 4]


event Stored:
    who: indexed(address)
    value: uint256
    clock: uint256


event Labelled:
    label: indexed(String[16])
    digest: indexed(bytes32)
    text: String[16]
    at: Point


OWNER: public(immutable(address))
SCALE: public(immutable(uint256))
value: public(uint256)
stamp: public(uint256)
height: public(uint256)
seen: transient(uint256)


@deploy
@payable
def __init__(owner: address, scale: uint256):
    assert scale != 0, "probe: no scale"
    OWNER = owner
    SCALE = scale
    log Stored(who=owner, value=scale, clock=block.timestamp)


@external
def store(v: uint256):
    self.value = v
    self.stamp = block.timestamp
    self.height = block.number
    log Stored(who=msg.sender, value=v, clock=block.timestamp)


@external
def store_twice(v: uint256, w: uint256 = 7):
    self.value = w
    log Stored(who=msg.sender, value=v, clock=block.timestamp)
    log Stored(who=msg.sender, value=w, clock=block.timestamp)


@external
def label(text: String[16], digest: bytes32, at: Point):
    log Labelled(label=text, digest=digest, text=text, at=at)


@external
def refuse(v: uint256):
    self.value = v
    assert v == max_value(uint256), "probe: refused"


@external
def refuse_silently():
    raise


@external
def refuse_unreachable():
    raise UNREACHABLE


@external
def overflow(v: uint256) -> uint256:
    return v + max_value(uint256)


@external
def burn():
    for i: uint256 in range(1_000_000):
        self.value = i


@external
def touch() -> uint256:
    self.seen += 1
    return self.seen


@external
@payable
def give():
    pass


@external
@view
def clock() -> uint256:
    return block.timestamp


@external
@view
def caller() -> address:
    return msg.sender


@external
@view
def ancestor(n: uint256) -> bytes32:
    return blockhash(n)


@external
@view
def log_of(x: int256) -> int256:
    return math._wad_ln(x)


@external
@view
def pair(a: int128, b: Bytes[64]) -> (int128, Bytes[64], bool):
    return a, b, a < 0


@external
@view
def path(given: Path) -> Path:
    return given


@external
@view
def points(given: DynArray[Point, 4]) -> DynArray[Point, 4]:
    return given


@external
@view
def point(x: uint256) -> Point:
    return Point(x=x, owner=OWNER)


@external
@view
def nothing():
    pass
