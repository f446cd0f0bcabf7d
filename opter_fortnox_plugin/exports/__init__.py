"""The code that both exports share: planning, party records, sending, and messages."""
