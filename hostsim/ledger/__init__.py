"""The rules of the books: how payments are judged, without I/O."""
