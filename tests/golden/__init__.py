"""Containers in, keys and problems out: one folder per case, which a reader can run, too."""
