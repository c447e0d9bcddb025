"""Writes docs/gas.md from the gas snapshot, beside the peers' figures.

python docs/gas.py [--check]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bench.gas import PEERS, SNAPSHOT, TARGETS

PAGE = Path(__file__).with_name("gas.md")

NOTES = """\
Where an aim is missed, and what was tried:

* **Pull with proof, deep trees.** A level costs {level:,} gas, 850 were aimed for. Over two fifths of it is calldata (a sum and a
  hash), the rest is Vyper reading bytes out of memory with bounds checks. Putting a node's 89 bytes together as three words
  instead of a `concat`, flat storage keys and a smaller buffer brought a tree of ten under 50,000; a tree of 1,000 (ten
  levels) stays above 50,000 + 6 · 850. Lists of up to 32 leaves need no proof at all.
* **EIP-3009 settlement.** {token:.1%} above a minimal Vyper token. The difference is snekmate's signature checks (malleability, zero
  signer) and its transfer hooks; they stay.
* **Settlement.** It writes a checkpoint. Until an account has changed its stake in 256 blocks each write takes a fresh slot ("fresh
  checkpoint"), which misses the aim; from then on it overwrites the oldest. What providers are paid then takes a `release` for each
  escrow, whenever somebody cares to send it.
* **No `sync` on the Cascade.** The running total it needs would add a slot's write to every withdrawal and lift it above 45,000.

Where ERC-8004 is cheaper than its peers: an agent is one word (its wallet is a bit of it, until another proves itself), a feedback is
one word, and tags are numbers. The first use of a tag pays for its text, about {tag:,} gas, once for everybody. A URI stands in storage:
as code of a small contract 66 bytes would cost 30,000 less to register and 52,000 more every time they change, and agents change them.
"""


def page() -> str:
    """The page."""
    gas: dict[str, int] = json.loads(SNAPSHOT.read_text())
    lines = [
        "# Gas",
        "",
        "<!-- Written by docs/gas.py from bench/gas.json; do not edit. -->",
        "",
        "    python -m bench.gas --write && python docs/gas.py",
        "",
        "Whole transactions on py-evm under Prague rules. *Steady* means that every slot an operation writes is in use. The tests",
        "compare the snapshot exactly. Peers were measured the same way on their own contracts, at the commits named; *aim* is the",
        "best of them, or what this design set itself.",
        "",
        f"| operation | Headwater | aim | {' | '.join(PEERS)} |",
        f"|---|---|---|{'---|' * len(PEERS)}",
    ]
    for name in sorted(gas, key=lambda each: (each not in TARGETS, each)):
        aim = TARGETS.get(name)
        shown = "" if aim is None else f"{aim:,}" + ("" if gas[name] <= aim else " (missed)")
        peers = " | ".join(f"{figures[name]:,}" if name in figures else "" for figures in PEERS.values())
        lines.append(f"| {name} | {gas[name]:,} | {shown} | {peers} |")
    proof = "collect: pull 1 of {} with proof (steady)".format
    answer = "ERC-8004 validationResponse (first{})".format
    notes = NOTES.format(
        tag=gas[answer(", new tag")] - gas[answer("")],
        level=(gas[proof(1000)] - gas[proof(10)]) // 6,
        token=gas["EIP-3009 transferWithAuthorization"] / TARGETS["EIP-3009 transferWithAuthorization"] - 1,
    )
    return "\n".join([*lines, "", notes])


def main() -> None:
    """Write, or with --check compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if the page is out of date")
    if parser.parse_args().check:
        if PAGE.read_text() != page():
            raise SystemExit("docs/gas.md is out of date; run python docs/gas.py")
        return
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
