"""What somebody is in the middle of telling the bot, until it is done or let go."""
