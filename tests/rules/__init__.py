"""Default rules and constraints, compared with what Traefik's own code makes of them."""
