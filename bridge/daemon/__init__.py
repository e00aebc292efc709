"""The running bridge: gather what the engine says, let the core decide, apply it to etcd."""
