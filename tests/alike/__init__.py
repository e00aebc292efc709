"""Side by side with Traefik's own Docker provider: the same containers, the same configuration."""
