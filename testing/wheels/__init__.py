"""The wheels as a user gets them: what is in them, and whether the pages' commands run from them alone."""
