"""What people read of a trial of attacks: tables on the terminal, figures, and one page that opens offline."""

from headwater_agents.report.listing import attack_list, list_table
from headwater_agents.report.page import render_report, write_report
from headwater_agents.report.tables import trial_tables

__all__ = ["attack_list", "list_table", "render_report", "trial_tables", "write_report"]
