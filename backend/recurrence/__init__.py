"""Recurrences: their text (RFC 5545), their dates in a zone, their words. Pure: no tables, no clock."""
