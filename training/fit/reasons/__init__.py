"""What the reasons of scores read: evidence by groups, past leads, usual touches."""
