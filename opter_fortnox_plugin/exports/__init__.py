"""What the exports share: planning, cards, sending, and what is to be told of them."""
