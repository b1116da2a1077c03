"""What is started: the only rooms that know all doors."""
