"""Where labelled crops come from."""
