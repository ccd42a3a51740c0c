"""Measures of made tables in the words that users of tables know: column by column, pair by pair, row by row."""
