"""Benchmarks: figures, no pass or fail, as ratios of what one run measured in turns (`make bench`)."""
