"""Tests of the store on real etcds."""
