"""Plays the studies of lies about values and of the vote on the threshold, and writes docs/lies.json and docs/lies.md.

python docs/lies.py [--check] [--pages]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from headwater_agents.values.gaming.study import lies_grids, lies_study
from headwater_agents.values.gaming.voting_study import study as voting_study
from headwater_agents.values.tables import markdown

DOCS = Path(__file__).parent
RECORD, PAGE = DOCS / "lies.json", DOCS / "lies.md"

INTRODUCTION = """# Lies about values, and who sets the threshold

<!-- Written by docs/lies.py; do not edit. -->

Agreements form from what agents *declare*. This page measures what it brings to declare something else, with and without the
defence (who signs an agreement is held to its constraint set, at the price of a bond), and what voters can do to the threshold that
caps every bound. SPEC.md, sections 18 to 21, has the rules.

## What is compared

Worlds of three value clusters in which everybody knows everybody; the cooperative of the largest cluster earns one income a head of
the cluster, divided by what members contribute. One agent lies. It knows every other declaration before it makes its own, which sealed
declarations (commit, then reveal) take from it: so these are the most that such lies can bring. Its gain is its payoff less that of
honest play *in the same world*, in incomes of a member:

    payoff = income − rent · bond · identities − { care · (1 − u(true, agreed))   if it keeps what forbids it something
                                                 { caught · (income + bond)      if it breaks that
                                                 { 0                             if nothing is forbidden to it

An agreement forbids what it disapproves of: more of an action than is tolerated. Without the defence nobody is ever caught, so a liar
breaks what it likes. With it, it does what pays best. Honest agents keep what they sign.

    headwater values lies

"""

AFTER_LIES = """
What the tables say:

* **Signing and then doing as one likes** pays what keeping one's word would have cost, if nobody looks. With the defence it pays nothing.
* **Posing as one of them** is what pays: the group lets in whoever declares its mean. The defence takes from it what living by
  others' values costs, and no more: where the income is larger than that, the lie is a change of sides for money, and pays. The border
  is in the second table. A higher bond does not move it, since such a liar keeps its word; the bond only decides whether it does.
* **Exaggerating** a lot gets the liar refused by those it meant to pull. A little goes through, and brings next to nothing.
* **Understated bounds** cost the income of the groups that are refused. **Overstated bounds** let in what the liar then
  has to live by.
* **Crowds** of identities move the group's optimum, which counts heads; each has to bring a bond, and what a crowd of copies
  adds to a cooperative is nothing, so it earns one income all the same. Whoever divided income by heads would pay each of them.

Where the defence stops: it binds *deeds* (signed updates, to first order), never declarations; it cannot tell a convert from a poser;
a breach that cannot be proven costs nothing (third table).

## The threshold

    headwater values vote

Every voter seals a tick, then reveals it; the result is the stake-weighted lower median. Every report of every voter, abstention
included, was played on the contract's bytecode, and every coalition of up to three searched. A gain would be a deviation that a voter
with one peak prefers to its true one.

"""

AFTER_VOTE = """
The last three columns are what the same search finds under a stake-weighted mean, under a quorum that voids the round, and for voters
with any preferences, not only one peak. Below: what a coalition brings about by its share of the revealed stake, beside forty others whose
peaks are normal around the middle of 101 ticks.

A majority sets the threshold alone, inside the rails and after the delay, for agreements registered from then on. Borrowed stake counts:
whoever bonds a majority one block before it opens a round has one, at the price of that capital until its reveal and through the
vault's cooldown (`tests/attacks/test_vote_borrowed.py`).

## Reproduce

    python docs/lies.py
"""


def page(record: dict[str, Any]) -> str:
    """The page of a record."""
    tables = "\n\n".join(
        f"### {grid.title}\n\n" + "\n".join(markdown(grid)) + f"\n\n{grid.note}" for grid in lies_grids(record["lies"])
    )
    searched, pushed = (part.splitlines() for part in "\n".join(record["vote"]["lines"]).split("\n\n"))
    told = (
        f"{record['vote']['compared']:,} deviations were compared with the truth; **{record['vote']['gains']:,}** of them "
        "pay a voter with one peak, or a coalition of such.\n\n"
    )
    block = "\n".join(f"    {line}" for line in searched) + "\n"
    block += AFTER_VOTE.replace(
        "\n\nA majority", "\n\n" + "\n".join(f"    {line}" for line in pushed) + "\n\nA majority"
    )
    return INTRODUCTION + tables + "\n" + AFTER_LIES + told + block


def played() -> dict[str, Any]:
    """Both studies."""
    lies = lies_study(progress=lambda done, total, _text: print(f"worlds: {done} of {total}", file=sys.stderr))
    vote = voting_study()
    return {"lies": lies, "vote": {"lines": vote.lines(), "gains": vote.gains, "compared": vote.compared}}


def main() -> None:
    """Write, or with --check compare the page with the record; --pages writes the page from the record alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if the page is not that of the record")
    parser.add_argument("--pages", action="store_true", help="play nothing; write the page from lies.json")
    options = parser.parse_args()
    if not options.check and not options.pages:
        RECORD.write_text(json.dumps(played(), sort_keys=True) + "\n")
    text = page(json.loads(RECORD.read_text()))
    if not options.check:
        PAGE.write_text(text)
    elif PAGE.read_text() != text:
        sys.exit("docs/lies.md is not what docs/lies.json says: python docs/lies.py --pages")


if __name__ == "__main__":
    main()
