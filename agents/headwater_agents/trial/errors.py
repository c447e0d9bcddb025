"""What a trial refuses."""

from __future__ import annotations

from headwater_agents.lab.campaign.errors import CampaignError


class TrialError(CampaignError):
    """A trial that cannot be planned, or a folder that holds another one; says why, and what is accepted."""
