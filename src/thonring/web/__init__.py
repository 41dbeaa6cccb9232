"""What people see of a run and steer: the report, the page, and its JSON interface. It reads `results` and draws."""
