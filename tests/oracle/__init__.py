"""The slow, obvious reference interpreter that the laws check the engine against."""
