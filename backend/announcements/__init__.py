"""An *announcement* is what organisers tell groups and members in their own words (`C5`)."""
