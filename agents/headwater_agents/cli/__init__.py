"""The `headwater` command."""

import sys


def main() -> None:
    """Run the command. What it needs takes most of a second to import, and may be interrupted too."""
    try:
        from headwater_agents.cli.command import headwater
    except KeyboardInterrupt:
        print("headwater: interrupted", file=sys.stderr)
        sys.exit(130)
    headwater()


__all__ = ["main"]
