"""Starts the quick start on any machine and removes it again: `make up`, `make down`.

If Docker, Compose and an image registry are available, it only calls them. On a bare Debian or Ubuntu machine it
installs an engine and builds local images under the names that the compose file uses. Standard library only.
"""
