"""The waiting room, on SQLite and on a real PostgreSQL."""
