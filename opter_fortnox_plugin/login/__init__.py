"""Who is signed in to Fortnox, and how."""
