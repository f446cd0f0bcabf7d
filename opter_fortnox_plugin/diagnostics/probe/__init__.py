"""What Fortnox's documentation leaves open, asked of a real company by reading only."""
