"""The commands, by noun. `emerald.cli` lists them, and loads a module when one of its commands is asked
for."""
