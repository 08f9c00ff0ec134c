"""One run each: a function that returns a `Recipe`."""
