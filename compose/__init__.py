"""The quick start: a compose file for Docker hosts, and what puts it onto any machine."""
