"""etcd: client, lease, watch and commit; nothing else of the product knows it."""
