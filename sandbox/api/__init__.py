"""The Bot API: one function per method, named as the method is, in Python's spelling."""
