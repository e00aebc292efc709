"""etcd: client, lease, watch and commit; nothing else of the product knows it.

Imported from `bridge.store.client`, `connection` and `errors`; the parts below them are nobody else's concern.
"""
