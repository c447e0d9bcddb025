"""A play: a setting, seats around a table, moves, and the record they leave."""
