"""The quick start: a compose file for Docker hosts, and the code that runs it on any machine."""
