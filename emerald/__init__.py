"""What is started: processes and commands. Only this package imports all the others."""
