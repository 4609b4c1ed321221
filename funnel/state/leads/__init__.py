"""What each lead did: its path through the stages, its touches, its owners, its chances."""
