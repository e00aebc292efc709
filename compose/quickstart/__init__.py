"""Brings the quick start up on any machine and takes it down again: `make up`, `make down`.

With Docker, Compose and an image registry at hand it only calls them. On a bare Debian or Ubuntu machine it
installs an engine, and makes local images under the names that the compose file uses. Standard library only.
"""
