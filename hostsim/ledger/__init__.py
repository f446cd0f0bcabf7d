"""The rules of the books: what becomes of a payment, without I/O."""
