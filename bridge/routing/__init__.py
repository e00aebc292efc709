"""From a container's labels to its routers, services and middlewares, as Traefik's Docker provider does it."""
