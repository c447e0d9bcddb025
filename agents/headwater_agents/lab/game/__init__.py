"""A play: a setting, seats around a table, an attack's moves, and the record they leave."""
