"""Packets: the peers of a call, the packet-level relay between them and the media node process."""
