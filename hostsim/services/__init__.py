"""What a person can do, whichever front end it is asked in."""
