"""Requests through the real Traefik, while what serves them comes and goes."""
