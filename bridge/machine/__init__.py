"""This machine: where it, and containers in host networking on it, are reached. Asks neither Docker nor etcd."""
