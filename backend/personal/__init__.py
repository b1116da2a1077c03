"""*Personal data* is what all slices store about a person: exported as a whole, and erased (`A7`)."""
