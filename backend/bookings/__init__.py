"""A *booking* is a member's party on an instance; the *queue* is the waiting list of an instance. The desk gives out the seats."""
