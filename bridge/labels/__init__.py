"""From labels to typed objects: Traefik's label parser and field table."""
