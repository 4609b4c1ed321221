"""What closes a lead and when: closing stages, gone leads, decisions without a date, the first one that counts."""
