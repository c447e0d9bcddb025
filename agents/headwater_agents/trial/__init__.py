"""A trial: attacks on mechanisms in worlds, each beside honest play of the same seeds, and what that bears out.

`trial.summary`, whose statistics take a second to import, is imported by itself.
"""

from headwater_agents.trial.cases import Case, cases_of
from headwater_agents.trial.errors import TrialError
from headwater_agents.trial.folder import claim, default_folder
from headwater_agents.trial.plan import Cell, Plan, Trial, plan

__all__ = ["Case", "Cell", "Plan", "Trial", "TrialError", "cases_of", "claim", "default_folder", "plan"]
