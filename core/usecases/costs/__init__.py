"""What enrolments cost: charges, budgets, waivers."""
