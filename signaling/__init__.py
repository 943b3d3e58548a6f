"""One browser connection: live events, SDP exchange, and who may join which call."""
