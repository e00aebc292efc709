"""The etcd client: transactions, reads, leases and watches; no other package knows etcd.

Other packages import `client`, `connection`, `errors` and `watch`; the other modules are internal.
"""
