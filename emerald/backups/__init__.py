"""Backups with Barman, and restores (decision 0044)."""
