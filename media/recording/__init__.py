"""Recordings: what a call's participants send is kept as it came, encrypted, and made into a film when it is asked for."""
