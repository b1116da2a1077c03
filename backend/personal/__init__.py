"""*Personal data* is what is held about a person, over all slices: exported as a whole, and erased (`A7`)."""
