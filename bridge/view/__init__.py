"""From routing to the keys that Traefik reads: spelling, references, and the last check before writing."""
