"""Benchmarks: gas beside the peers, speed and memory beside well-kept libraries. `python -m bench --help`."""
