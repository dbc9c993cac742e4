"""What every door says alike: results, numbers, days, roles in words. Plain text: a door escapes for its medium."""
