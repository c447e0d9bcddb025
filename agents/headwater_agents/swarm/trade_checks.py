"""The market's books held against the chain: every payment known, none for nothing, none twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from headwater.chain import Event
from headwater.chain.audit import Check
from headwater_agents.swarm.files import reading
from headwater_agents.swarm.folder import RunFolder
from headwater_agents.swarm.parts import FACILITATOR, Part, cast
from headwater_agents.swarm.staging import Stage


def trade_checks(folder: RunFolder, stage: Stage, events: Sequence[Event]) -> list[Check]:
    """Checks of every buyer's file, and of the facilitator's. `events` are all of the deployment's."""
    if not folder.settings.market:
        return []
    used = {(event["authorizer"], bytes(event["nonce"])) for event in events if event.name == "AuthorizationUsed"}
    checks: list[Check] = []
    for part in cast(folder.settings):
        if part.suppliers:
            checks += _buyer(folder, part, used)
        if part.name == FACILITATOR:
            checks += _facilitator(folder, stage, part)
    return checks


def _buyer(folder: RunFolder, part: Part, used: set[tuple[str, bytes]]) -> list[Check]:
    address = part.account(folder.settings.seed).address
    with reading(folder.state(part.name)) as file:
        rows = file.execute("SELECT question, seller, nonce, state FROM purchases").fetchall()
    paid = {nonce for who, nonce in used if who == address}
    mine = [(question, seller, state) for question, seller, nonce, state in rows if bytes(nonce) in paid]
    each = Counter((question, seller) for question, seller, _ in mine)
    return [
        Check(what=f"{part.name}: payments that its file knows (number)", expected=len(paid), actual=len(mine)),
        Check(
            what=f"{part.name}: payments that a signal came for (number)",
            expected=len(paid),
            actual=sum(1 for *_, state in mine if state == "bought"),
        ),
        Check(
            what=f"{part.name}: signals that were paid twice (number)",
            expected=0,
            actual=sum(1 for count in each.values() if count > 1),
        ),
    ]


def _facilitator(folder: RunFolder, stage: Stage, part: Part) -> list[Check]:
    address = part.account(folder.settings.seed).address
    with reading(folder.state(part.name)) as file:
        rows = file.execute("SELECT nonce, state FROM settlements").fetchall()
    mined = sorted(nonce for nonce, state in rows if state == "mined")
    return [
        Check(
            what=f"{part.name}: settlements that are open in its file (number)",
            expected=0,
            actual=sum(1 for _, state in rows if state == "open"),
        ),
        Check(
            what=f"{part.name}: nonces in its file are without gaps up to the chain's",
            expected=stage.backend.mined_count(address),
            actual=len(mined) if mined == list(range(len(mined))) else -1,
        ),
        Check(
            what=f"{part.name}: transactions waiting at the node (number)",
            expected=0,
            actual=stage.backend.nonce(address) - stage.backend.mined_count(address),
        ),
    ]
