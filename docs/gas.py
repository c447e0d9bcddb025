"""Writes docs/gas.md from the gas snapshot, beside the peers' figures.

python docs/gas.py [--check]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bench.gas import SNAPSHOT, TARGETS

PAGE = Path(__file__).with_name("gas.md")

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
}

NOTES = """\
Where an aim is missed, and what was tried:

* **Pull with proof, deep trees.** A level costs about 1,400 gas, 850 were aimed for. 620 of it is calldata (a sum and a hash),
  the rest is Vyper reading bytes out of memory with bounds checks. Putting a node's 89 bytes together as three words
  instead of a `concat`, flat storage keys and a smaller buffer took a tree of ten from 51,189 to below 50,000; a tree of
  1,000 (ten levels) stays above 50,000 + 6 · 850. Lists of up to 32 leaves need no proof at all.
* **EIP-3009 settlement.** 1.1% above a minimal Vyper token. The difference is snekmate's signature checks (malleability, zero
  signer) and its transfer hooks; they stay.
* **Checkpoints.** A settlement writes one. Until an account has changed its stake 256 times each write takes a fresh slot and
  a settlement costs 17,100 more than shown; from then on it overwrites the oldest.
* **No `sync` on the Cascade.** The running total it needs would lift a withdrawal above 45,000.
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
    return "\n".join([*lines, "", NOTES])


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
