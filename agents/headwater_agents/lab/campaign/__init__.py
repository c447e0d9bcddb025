"""Many independent units of work, over processes or a Ray cluster: resumable, and the same bytes however they are run.

`campaign.summary`, which says what a sweep's results amount to, is imported by itself: its statistics take a second
that every worker would pay.
"""

from headwater_agents.lab.campaign.errors import CampaignError, ClusterUnreachable
from headwater_agents.lab.campaign.export import write_csv, write_jsonl
from headwater_agents.lab.campaign.grid import Sweep, load_sweep
from headwater_agents.lab.campaign.runner import CampaignReport, Failure, run_units
from headwater_agents.lab.campaign.store import Store
from headwater_agents.lab.campaign.unit import Record, Unit, load_callable
from headwater_agents.lab.campaign.version import code_version

__all__ = [
    "CampaignError",
    "CampaignReport",
    "ClusterUnreachable",
    "Failure",
    "Record",
    "Store",
    "Sweep",
    "Unit",
    "code_version",
    "load_callable",
    "load_sweep",
    "run_units",
    "write_csv",
    "write_jsonl",
]
