"""Agreements without a centre: agents in processes of their own, which exchange messages with their neighbours only."""

from headwater_agents.accord.agent import Agent
from headwater_agents.accord.brief import Brief, Faults, Neighbour, Rules
from headwater_agents.accord.casting import briefs_of
from headwater_agents.accord.compare import Comparison, compare
from headwater_agents.accord.errors import AccordError, PacketError
from headwater_agents.accord.launch import State, run_processes
from headwater_agents.accord.reference import Replay, replay
from headwater_agents.accord.report import Report
from headwater_agents.accord.simulation import Simulation
from headwater_agents.accord.terms import Proposal, Signer

__all__ = [
    "AccordError",
    "Agent",
    "Brief",
    "Comparison",
    "Faults",
    "Neighbour",
    "PacketError",
    "Proposal",
    "Replay",
    "Report",
    "Rules",
    "Signer",
    "Simulation",
    "State",
    "briefs_of",
    "compare",
    "replay",
    "run_processes",
]
