"""Faults of real parts, one by one and at random: soon after a fault ends, what is routed is what runs.

What must hold for each fault: within seconds of its end the view matches what the engine runs; no key of a
container that kept running was touched; the state was consistent at every single revision.
"""
