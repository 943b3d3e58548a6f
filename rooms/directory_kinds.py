"""The kinds of rows that a directory file has, in the order in which they are taken in. What is in them is `directory_rows`'."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a row is about, in the order in which files are taken: what is referred to comes first."""

    CLINICS = "clinics"
    APP_USERS = "app_users"
    PRACTITIONERS = "practitioners"
    EMPLOYEES = "employees"
    GUARDIANSHIPS = "guardianships"


REPLACEABLE = (Kind.APP_USERS, Kind.PRACTITIONERS, Kind.EMPLOYEES, Kind.GUARDIANSHIPS)
"""The kinds whose missing ones can be taken out. A clinic stays: its log does."""
