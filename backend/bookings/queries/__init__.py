"""What the screens and cards show of instances and their people: one instance, lists of them, and the people
of one."""
