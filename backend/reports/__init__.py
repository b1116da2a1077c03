"""What organisers take out of a club: the people of an instance as a table."""
