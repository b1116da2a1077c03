"""Who gets a seat: the allocator and all it decides by; every view asks it what is free for whom."""
