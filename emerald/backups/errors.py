"""What is expected to go wrong with backups."""


class BackupError(Exception):
    """A backup or a restore cannot be made. The text says why and what to do."""
