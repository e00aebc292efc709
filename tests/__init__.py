"""Tests on real parts; fakes only for what real parts cannot show."""
