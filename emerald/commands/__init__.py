"""Commands for organisers, by noun: `register` adds a module's own to the command line."""
