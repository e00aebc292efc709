"""Requests through a real Traefik, while the containers that serve them come and go."""
