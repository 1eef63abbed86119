"""Reports: insights as one page that a person would rather look at."""
