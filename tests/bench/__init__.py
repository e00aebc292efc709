"""Benchmarks: figures, no pass or fail, each a ratio of what one run measured alternately (`make bench`)."""
