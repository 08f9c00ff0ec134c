"""Places, and who walks where and when."""
