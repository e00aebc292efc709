"""A container's labels to its routers, services and middlewares: the rules of Traefik's Docker provider."""
