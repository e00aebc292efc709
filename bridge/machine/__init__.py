"""The addresses of this machine and of its containers in host networking; asks neither Docker nor etcd."""
