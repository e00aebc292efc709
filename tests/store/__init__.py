"""The store, held against real etcds."""
