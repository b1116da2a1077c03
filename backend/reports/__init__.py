"""What organisers read about their club: its numbers, the stories of members and parties, the people of a date as files, the audit
log."""
