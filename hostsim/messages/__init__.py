"""The sentences, Swedish and English side by side."""
