"""Tests, laid out as the sources are; `e2e/` drives real browsers."""
