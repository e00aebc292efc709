"""The daemon as a process between a real Docker engine and a real etcd, and a real Traefik behind them."""
