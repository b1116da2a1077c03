"""Seats: the allocator, its decisions and the waitlist, and what is free for each reader, as every view shows it."""
