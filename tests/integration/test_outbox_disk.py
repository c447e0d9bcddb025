"""A disk that is full: nothing is sent that is not on it, and all goes on when there is room again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from outbox_rig import new_rig

TESTS = Path(__file__).resolve().parents[1]

# The limit on the size of files is the process's own, so a process of its own meets it. `when` says where the disk
# fills: before anything, or when the node has the transaction and its end is still to be noted.
PROGRAM = """
import json, resource, sys
from pathlib import Path
from headwater.chain.rpc import RpcBackend
from headwater_agents.durable.database import StateError
from outbox_rig import new_rig

url, folder, when = sys.argv[1:]
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

def fill():
    size = max(path.stat().st_size for path in Path(folder).glob("bot.sqlite*"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))

with new_rig(url, Path(folder), ready=True) as rig:
    outbox = rig.outbox()
    gifts = [rig.gift() for _ in range(3)]
    outbox.send(gifts[0], rig.account)
    if when == "before":
        fill()
    else:
        broadcast = RpcBackend.broadcast
        def then_full(self, raw, to):
            broadcast(self, raw, to)
            fill()
        RpcBackend.broadcast = then_full
    refused = []
    for _ in range(20):
        try:
            outbox.recover()
            if rig.received(gifts[1]) == 0:
                outbox.send(gifts[1], rig.account)
        except StateError as error:
            refused.append(type(error).__name__)
    during = rig.mined()
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    if when != "before":
        RpcBackend.broadcast = broadcast
    ended = [str(entry.state) for entry in outbox.recover().ended]
    for gift in gifts[1:]:
        if rig.received(gift) == 0:
            outbox.send(gift, rig.account)
    received = [rig.received(gift) for gift in gifts]
    print(json.dumps({"refused": len(refused), "during": during, "ended": ended, "received": received,
                      "mined": rig.mined(), "unfinished": len(outbox.unfinished())}))
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_nothing_is_sent_that_is_not_on_disk_and_nothing_twice(anvil: str, tmp_path: Path, when: str) -> None:
    with new_rig(anvil, tmp_path):
        pass
    run = [sys.executable, "-c", PROGRAM, anvil, str(tmp_path), when]
    done = subprocess.run(run, capture_output=True, text=True, cwd=TESTS, timeout=60)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["refused"] == 20
    assert said["received"] == [1, 1, 1]
    assert (said["mined"], said["unfinished"]) == (3, 0)
    if when == "before":
        assert (said["during"], said["ended"]) == (1, [])
    else:
        assert (said["during"], said["ended"]) == (2, ["mined"])
