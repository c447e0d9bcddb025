"""Who has an account, and what everybody ended with."""

from __future__ import annotations

from headwater_agents.lab.game.record import Record, tokens
from headwater_agents.lab.game.seats import Seats
from headwater_agents.lab.mechanisms.base import LabError, Mechanism


class Ledger:
    """Accounts in the order of their opening. `close` balances them to the wei."""

    def __init__(self, mechanism: Mechanism) -> None:
        self._mechanism = mechanism
        self.enrolled: list[str] = []

    def enroll(self, name: str, stake: int) -> None:
        """Open an account."""
        self._mechanism.enroll(name, stake)
        self.enrolled.append(name)

    def close(self, record: Record, coalition: set[str], seats: Seats) -> None:
        """Fill in the record's money. Raises LabError if the accounts hold more than came in and was emitted."""
        gains = {name: self._mechanism.wealth(name) - self._mechanism.brought_in(name) for name in self.enrolled}
        spent = {name: each.agent.spent for name, each in seats.providers.items()}
        emitted = self._mechanism.emitted()
        unclaimed = emitted - sum(gains.values())
        if unclaimed < 0:
            raise LabError(f"accounts gained {-unclaimed} wei more than {self._mechanism.name} emitted")
        for name, gain in gains.items():
            value = tokens(gain - spent.get(name, 0.0))
            if name in coalition:
                record.coalition += value
                record.coalition_stake += tokens(self._mechanism.brought_in(name))
            elif name in seats.forecasters:
                record.forecasters += value
            else:
                record.providers += value
        record.emitted = tokens(emitted)
        record.unclaimed = tokens(unclaimed)
        for name, used in getattr(self._mechanism, "gas", {}).items():
            party = "coalition" if name in coalition else "keeper" if name == "keeper" else "honest"
            record.gas[party] = record.gas.get(party, 0) + used
