"""What a campaign refuses."""

from __future__ import annotations

from headwater.chain.errors import HeadwaterError


class CampaignError(HeadwaterError, ValueError):
    """Units, a store or a sweep file that cannot be used; says why, and what is accepted."""


class ClusterUnreachable(CampaignError):  # noqa: N818 - says what happened, as its neighbours in headwater.chain do
    """Nobody answers as a Ray cluster at that address."""
