"""The three ways in: the bot's, the tests', and the page's."""
