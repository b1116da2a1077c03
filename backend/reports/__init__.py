"""What organisers read about their club: numbers, the stories of members and parties, people as files, the audit log."""
