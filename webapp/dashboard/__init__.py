"""The dashboard: where organisers run their club, in a browser, signed in through the bot."""
