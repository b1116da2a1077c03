"""A *poll* is a question with options that members vote on."""
