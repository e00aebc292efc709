"""Tests of claims: which container defines which object."""
