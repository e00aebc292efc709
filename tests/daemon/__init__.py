"""Tests of the daemon as a process with a real Docker engine, a real etcd and a real Traefik."""
