"""What each command of `reid-train` does, one file a command."""
