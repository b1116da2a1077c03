"""What organisers do with the dates that a changed rule leaves behind, all at once (`S4`)."""
