"""The rules of a real shop over its real customers: CDNOW, 1997-1998.

In: nothing but this package. Out: a folder with rules, facts, result and picture, and what they say in the terminal.
Invariant: every number shown was computed by the public API in this run; nothing is downloaded.
"""
