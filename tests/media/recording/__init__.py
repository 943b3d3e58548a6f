"""Tests of `media/recording/`."""
