"""The screens that members open first, the list of dates to come and one date, each by one statement; and their clubs."""
