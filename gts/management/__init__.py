"""Commands of the whole: up, doctor, backup, restore and others."""
