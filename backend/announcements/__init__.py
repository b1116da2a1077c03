"""An *announcement* is a text that organisers send to groups and members (`C5`)."""
