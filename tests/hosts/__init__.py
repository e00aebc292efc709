"""Tests with bridges of several hosts on a real etcd: hosts die, come back, stop, and are removed."""
