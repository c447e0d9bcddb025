"""What the lab says of an attack, and with what certainty: paired gains, verdicts, borders, and seeds needed."""

from headwater_agents.lab.stats.border import Border, borders
from headwater_agents.lab.stats.paired import LEVEL, RESOLUTION, PairedResult, paired, robust_interval
from headwater_agents.lab.stats.power import detectable_gain, planted_power, power, seeds_needed
from headwater_agents.lab.stats.verdicts import MARGIN, Correction, Finding, Verdict, adjusted, verdict, verdicts

__all__ = [
    "LEVEL",
    "MARGIN",
    "RESOLUTION",
    "Border",
    "Correction",
    "Finding",
    "PairedResult",
    "Verdict",
    "adjusted",
    "borders",
    "detectable_gain",
    "paired",
    "planted_power",
    "power",
    "robust_interval",
    "seeds_needed",
    "verdict",
    "verdicts",
]
