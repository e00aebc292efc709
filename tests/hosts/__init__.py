"""Several hosts' bridges as processes on a real etcd: hosts die, come back, stop, and are removed."""
