"""The reference interpreter of lifecycles, campaigns and policies: one customer at a time, one move at a time."""
