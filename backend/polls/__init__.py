"""A *poll* is a question with options that members vote on; votes are counted in its *ballot box*."""
