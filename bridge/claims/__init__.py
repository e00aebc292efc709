"""Who may define what: claims on shared objects, settled without a central authority."""
