"""What a pool of voices holds that should not be there, found across rows: feeds that stop, formats that change, copies, campaigns."""
