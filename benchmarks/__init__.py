"""Timings. `python -m benchmarks` compares whole training steps with other libraries."""
