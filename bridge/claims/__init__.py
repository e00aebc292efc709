"""Who may define what: claims on shared objects, settled without anybody in charge."""
