"""Who is joined to whom by what they declared, as far as an agent knows."""

from __future__ import annotations

from collections.abc import Iterable

from headwater_agents.accord.record import Declaration


class Network:
    """Declarations, the latest of each author; whoever contradicts itself has no neighbours."""

    def __init__(self) -> None:
        self.latest: dict[bytes, Declaration] = {}
        self._forked: set[bytes] = set()

    def take(self, declaration: Declaration) -> bool:
        """Keep a declaration if it says anything new.

        A later version may only name fewer neighbours. One that says anything else, or two that differ under one
        number, show that the author told different things to different members.
        """
        author = declaration.author
        if author in self._forked:
            return False
        before = self.latest.get(author)
        if before is None:
            self.latest[author] = declaration
            return True
        older, newer = sorted((before, declaration), key=lambda each: each.version)
        fewer, more = set(newer.neighbours), set(older.neighbours)
        consistent = fewer < more if newer.version > older.version else fewer == more
        if newer.system != older.system or not consistent:
            self.fork(author)
            return True  # the evidence is passed on
        if newer is before or newer.version == older.version:
            return False
        self.latest[author] = declaration
        return True

    def fork(self, author: bytes) -> None:
        """Count an author's edges no more: it contradicted itself."""
        self._forked.add(author)

    def component(self, start: bytes) -> tuple[set[bytes], set[bytes]]:
        """Whom one reaches over edges that both ends declare, and who of those they name has not declared."""
        reached, missing, edge = {start}, set(), [start]
        while edge:
            each = edge.pop()
            for other in self._named(each):
                if other not in self.latest:
                    missing.add(other)
                elif other not in reached and each in self._named(other):
                    reached.add(other)
                    edge.append(other)
        return reached, missing

    def reach(self, start: bytes, among: Iterable[bytes]) -> set[bytes]:
        """Whom one reaches without leaving a set that it is in."""
        inside = set(among)
        reached, edge = {start}, [start]
        while edge:
            each = edge.pop()
            for other in self._named(each):
                if other in inside and other not in reached and each in self._named(other):
                    reached.add(other)
                    edge.append(other)
        return reached

    def ways(self, start: bytes) -> dict[bytes, tuple[int, set[bytes]]]:
        """How many edges away everybody else is, and the neighbours through which each is as near as that.

        Edges that one end declares count, as they do for who has not declared.
        """
        found: dict[bytes, tuple[int, set[bytes]]] = {}
        first: dict[bytes, set[bytes]] = {each: {each} for each in self._named(start)}
        distance = 1
        while first:
            found |= {each: (distance, through) for each, through in first.items()}
            following: dict[bytes, set[bytes]] = {}
            for each, through in first.items():
                for other in self._named(each):
                    if other != start and other not in found:
                        following.setdefault(other, set()).update(through)
            first, distance = following, distance + 1
        return found

    def _named(self, author: bytes) -> tuple[bytes, ...]:
        found = self.latest.get(author)
        return () if found is None or author in self._forked else found.neighbours
