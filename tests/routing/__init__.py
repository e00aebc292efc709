"""The rules of routing as pure tests, where golden files are clumsy."""
