"""Files that people download by hand, read into frames of text.

In: a path. Out: what the file is (`rulecrm.plugin.Sample`), and its rows as text, nothing interpreted.
Invariant: no cell is lost or changed: an order number keeps its digits, a leading zero stays.
"""
