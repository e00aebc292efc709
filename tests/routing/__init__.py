"""The rules of routing as pure tests, where golden files would be clumsy."""
