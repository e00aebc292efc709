"""Installs the real parts (Docker engines, etcds, Traefiks) on a machine and starts them.

No image registry is needed: everything comes from the distribution's packages, Go modules and PyPI.
The tests use it through fixtures, the quick start on bare machines. It needs only the standard library,
so that it runs before anything is installed.
"""
