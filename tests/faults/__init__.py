"""Faults, one by one and at random, of real parts: what is routed is what runs, soon after the fault's end.

What each fault is held to: the view is what the engine runs within seconds of the fault's end; no key of a
container that ran on was touched; the state was consistent at every single revision.
"""
