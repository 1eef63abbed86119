"""From platforms and files into the fact store.

In: sources, files, a store. Out: what was received, stored, unchanged, put into quarantine.
Invariant: a cursor is kept with the rows before it in one commit, so that a run that was killed goes on where it was.
"""
