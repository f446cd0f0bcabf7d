"""What reading, judging and saving cost, beside what others would take."""
