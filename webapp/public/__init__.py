"""Pages for anybody who has a link: no session, nothing of a person, readable without a script (`A5`)."""
