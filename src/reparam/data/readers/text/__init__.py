"""Text tables: from lines of any dialect to typed cells."""

from reparam.data.readers.text.read import read_text

__all__ = ["read_text"]
