"""A *booking* is a member's party on an instance, or their answer to it. What members and organisers do, and
what they see."""
