"""Labels in, keys and problems out: a folder each, which a reader can run too."""
