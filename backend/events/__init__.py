"""A *series* is what repeats; an *instance* is one date of it."""
