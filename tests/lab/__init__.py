"""Gets the real parts (Docker engines, etcds, Traefiks) onto a machine and starts them.

No image registry is needed: everything comes from the distribution's packages, Go modules and PyPI.
The tests use it as fixtures, the quick start on bare machines. Standard library only, so that it runs
before anything is installed.
"""
