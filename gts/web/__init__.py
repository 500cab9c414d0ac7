"""What every page, API and list of the admin is made with."""
