"""Columns of a table: a kind a file, and the schema that is made of them."""
